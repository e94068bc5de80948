"""Runs one job: builds prior, task and method, and generates the missing samples."""
