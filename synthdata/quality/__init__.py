"""Is a response good, and is it new?"""
