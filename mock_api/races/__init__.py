"""What holds and breaks requests on purpose."""
