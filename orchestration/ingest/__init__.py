"""From landing to raw: deliveries are verified, held as Parquet with every row's file and number, and judged."""
