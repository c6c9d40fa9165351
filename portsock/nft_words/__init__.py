"""The words of nft(8): fields, keys, names of values. All readers of rules and their spelling use them."""
