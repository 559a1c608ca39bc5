"""What this machine has: its processor, cores and quotas, memory."""
