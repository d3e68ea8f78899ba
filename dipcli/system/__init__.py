"""What machine this is: devices, free memory, how threads wait, whole files."""
