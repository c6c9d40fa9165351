"""Rules that find remarkable facts."""
