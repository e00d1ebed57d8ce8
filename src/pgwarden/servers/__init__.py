"""The four MCP servers: doors for agents. They translate, and hold no policy and no SQL."""
