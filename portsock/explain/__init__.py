"""Answers in words: texts as data, rules that find remarkable facts, the bind verdict."""
