"""Tools of an attacker, and of somebody who is served all the while."""
