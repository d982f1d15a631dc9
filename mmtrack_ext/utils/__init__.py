"""Command lines and the environment report; imports no network library."""
