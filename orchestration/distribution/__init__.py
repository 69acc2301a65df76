"""What leaves the house: packages for regency offices and the way back, and the public extract."""
