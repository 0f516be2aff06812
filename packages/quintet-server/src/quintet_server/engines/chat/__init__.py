"""Chat completions: a local GGUF model in this process, or any OpenAI-compatible URL."""
