"""The bind verdict: could a program bind an address and port now, and what is in the way?"""
