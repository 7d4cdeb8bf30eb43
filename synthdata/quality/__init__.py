"""Is it good, and is it new?"""
