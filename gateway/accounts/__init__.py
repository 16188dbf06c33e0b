"""What the gateway keeps of an account: its orders, fills and transfers, from its executions."""
