"""Keeping an installation safe: backups that were proven, restoring them, and noticing when daily routines stop."""
