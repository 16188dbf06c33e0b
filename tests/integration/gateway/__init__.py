"""The gateway while parts behind it go and come back."""
