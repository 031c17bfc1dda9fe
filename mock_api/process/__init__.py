"""What has no meaning without a process."""
