# Aligned ranks and permutations, written out: Rscript rearranged.R in this folder writes rearranged_reference.json.
# R 4.2.2; car 3.1.1, afex 1.2.1, coin 1.4.2, jsonlite for the file. Made-up data only.
# ARTool is no Debian package, so the alignment is Wobbrock et al. (2011), figure 1, by hand; permutations are enumerated.
suppressMessages({library(afex); library(car); library(coin); library(jsonlite)})
table_of <- function(x) { x <- as.data.frame(x); cbind(term = rownames(x), setNames(x, make.names(names(x)))) }
sums <- function(names) setNames(rep(list("contr.sum"), length(names)), names)

# aligned ranks
effect_of <- function(y, d, named) {                  # the mean at a term's levels, less every effect inside the term
  at <- ave(y, d[named], FUN = mean) - mean(y)
  for (size in seq_len(length(named) - 1)) for (part in combn(named, size, simplify = FALSE)) at <- at - effect_of(y, d, part)
  at
}
subsets <- function(names) unlist(lapply(seq_along(names), function(size) combn(names, size, simplify = FALSE)), recursive = FALSE)
ranks_of <- function(y, d, names, named) rank(round(y - ave(y, d[names], FUN = mean) + effect_of(y, d, named), 8))
aligned_between <- function(d, outcome, names) lapply(subsets(names), function(named) {
  d$r <- ranks_of(d[[outcome]], d, names, named)
  m <- lm(as.formula(paste("r ~", paste(names, collapse = "*"))), d, contrasts = sums(names))
  row <- table_of(Anova(m, type = 3)); row[row$term == paste(named, collapse = ":"), ] })
aligned_within <- function(d, outcome, between, within) lapply(subsets(c(between, within)), function(named) {
  d$r <- ranks_of(d[[outcome]], d, c(between, within), named)
  a <- suppressMessages(suppressWarnings(aov_ez("participant", "r", d, between = between, within = within, anova_table = list(correction = "GG", es = "pes"))))
  row <- table_of(a$anova_table); row[row$term == paste(named, collapse = ":"), ] })
read <- function(name) { d <- read.csv(name, stringsAsFactors = TRUE)
  if ("heatmap" %in% names(d)) d$heatmap <- factor(d$heatmap, c("none", "static", "interactive")); d }
people <- read("unbalanced71.csv"); even <- read("balanced96.csv"); trials <- read("trials_long.csv")
trials$third <- factor(c(rep("a", 7), rep("b", 6), rep("c", 7))[as.numeric(trials$item)])
trials$half <- factor(as.numeric(trials$item) %% 2)
kept <- trials[!(trials$group == "expert" & as.numeric(trials$participant) %% 5 == 0), ]
means <- function(by) aggregate(kept["rating"], kept[c("participant", "group", by)], mean)
aligned <- list(balanced = aligned_between(even, "confidence", c("heatmap", "score")),
                unbalanced = aligned_between(people, "confidence", c("heatmap", "score")),
                within = aligned_within(means(c("third", "half")), "rating", NULL, c("third", "half")),
                mixed = aligned_within(means("third"), "rating", "group", "third"))

# permutations, all of them
arrangements <- function(n) if (n == 1) matrix(1) else { p <- arrangements(n - 1)
  do.call(rbind, lapply(seq_len(n), function(i) cbind(p[, seq_len(i - 1), drop = FALSE] , n, p[, seq_len(n - 1) >= i, drop = FALSE]))) }
reached <- function(all, own) mean(all >= own * (1 - 1e-9))
f_of <- function(y, reduced, full) { e0 <- colSums(qr.resid(qr(reduced), y)^2); e1 <- colSums(qr.resid(qr(full), y)^2)
  ((e0 - e1) / (ncol(full) - ncol(reduced))) / (e1 / (nrow(full) - ncol(full))) }
few <- droplevels(do.call(rbind, by(even[even$heatmap != "static", ], even[even$heatmap != "static", c("heatmap", "score")], head, 2)))  # two of each cell
x <- model.matrix(~ heatmap * score, few, contrasts.arg = sums(c("heatmap", "score")))
all8 <- arrangements(8)
freedman <- sapply(2:4, function(column) { rest <- qr.resid(qr(x[, -column]), few$saliency_ratio)
  y <- cbind(rest, matrix(rest[t(all8)], 8)); f <- f_of(y, x[, -column], x); reached(f[-1], f[1]) })
one <- even[even$score == "absent" & even$heatmap != "static", ]; one <- droplevels(do.call(rbind, by(one, one$heatmap, head, 6)))
coin_p <- as.numeric(pvalue(oneway_test(saliency_ratio ~ heatmap, one, distribution = "exact")))
six <- reshape(means("third")[, c("participant", "third", "rating")], idvar = "participant", timevar = "third", direction = "wide")[1:6, ]
v <- as.matrix(six[, -1]); all3 <- arrangements(3); picks <- as.matrix(expand.grid(rep(list(1:6), 6)))
within_f <- function(v) { k <- ncol(v); g <- mean(v); ss <- nrow(v) * sum((colMeans(v) - g)^2); e <- sum((v - rowMeans(v) - rep(colMeans(v), each = nrow(v)) + g)^2); (ss / (k - 1)) / (e / ((k - 1) * (nrow(v) - 1))) }
own <- within_f(v); inside <- reached(apply(picks, 1, function(p) within_f(t(sapply(1:6, function(i) v[i, all3[p[i], ]])))), own)
pairs <- reshape(means("half")[, c("participant", "group", "half", "rating")], idvar = c("participant", "group"), timevar = "half", direction = "wide")
pairs <- do.call(rbind, by(pairs, pairs$group, head, 4)); difference <- pairs$rating.0 - pairs$rating.1
f_group <- function(chosen) { a <- difference[chosen]; b <- difference[-chosen]; t.test(a, b, var.equal = TRUE)$statistic^2 }
splits <- apply(combn(8, 4), 2, f_group); mixed <- reached(splits, f_group(1:4))
coin_mixed <- as.numeric(pvalue(oneway_test(difference ~ droplevels(pairs$group), distribution = "exact")))
permutation <- list(freedman_lane = freedman, people = as.character(few$participant), one_way = coin_p,
  one_way_people = as.character(one$participant), within = inside, within_people = as.character(six$participant),
  within_F = own, mixed_interaction = mixed, mixed_coin = coin_mixed, mixed_people = as.character(pairs$participant))
write(toJSON(list(aligned_ranks = aligned, permutation = permutation), digits = NA, auto_unbox = TRUE, pretty = TRUE), "rearranged_reference.json")
