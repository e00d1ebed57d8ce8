"""What a language model is told of a database: chosen, fenced and counted. Pure."""
