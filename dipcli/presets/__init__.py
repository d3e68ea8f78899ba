"""What each preset holds, and why: data only.

    auto    the best picture for about a minute per 512x512 on two CPU cores (the default)
    fast    for about the time of a classical filter
    best    when time does not matter
    paper   Ulyanov et al. 2018, as in their published code

Each task has its own table: a preset is the settings' defaults, overlaid by what is under its
name for every kind of picture or damage, and by what is there for the kind at hand.
"""
