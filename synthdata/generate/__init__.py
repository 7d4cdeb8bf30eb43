"""Asking a model for the rows: subtopics, questions, responses, repairs; each prompt beside its parser."""
