"""The agencies' stand-in: makes deliveries; the platform never imports it."""
