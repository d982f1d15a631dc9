# What every config shares.
default_scope = 'mmtrack_ext'
