"""Files below /proc, into records and facts."""
