"""The page and its JSON API: a door for browsers and programs. It translates, and holds no policy and no SQL."""
