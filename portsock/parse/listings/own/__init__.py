"""Parts of --json and --jsonl of portsock itself: its header, and several documents after one another."""
