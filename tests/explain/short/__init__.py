"""Tests of the short answer."""
