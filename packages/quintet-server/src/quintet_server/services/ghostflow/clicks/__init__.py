"""What a click is: its parameters, who and what it comes from, what it costs; the clicks API."""
