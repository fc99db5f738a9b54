"""Reading bundles: tables, trees of maps, confusable pairs, several data sets as one."""
