"""Pictures in bulk: a folder as a plan, one outcome per picture, nothing done twice."""
