"""What a delivery must look like: the ten sources of the landing contract and one Pandera schema for each."""
