"""What this machine has: cores and quotas, memory."""
