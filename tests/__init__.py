"""Tests: unit (no engine), live (real engines), browser."""
