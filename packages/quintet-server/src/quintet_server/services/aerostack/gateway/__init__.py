"""Language models sold to consumers: APIs with prices, wallets, usage, and OpenAI's protocol."""
