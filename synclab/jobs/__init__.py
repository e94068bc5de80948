"""One job: builds prior, task and method, and makes the samples that are missing."""
