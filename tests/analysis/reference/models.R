# Answers about models and designs: Rscript models.R in this folder writes models_reference.json.
# R 4.2.2; lme4 1.1.31, lmerTest 3.1.3, ordinal 2022.11.16, afex 1.2.1, emmeans 1.8.4.1, car 3.1.1, BayesFactor 0.9.12.4.4,
# pROC 1.18.0, jsonlite for the file. Made-up data only.
suppressMessages({library(lme4); library(lmerTest); library(ordinal); library(afex); library(emmeans); library(car); library(BayesFactor); library(pROC); library(jsonlite)})
trials <- read.csv("trials_long.csv", stringsAsFactors = TRUE)
row <- seq_len(nrow(trials)) - 1                                     # rows counted from 0
thin <- trials[row %% 7 != 0 & !(trials$group == "expert" & row %% 3 == 0), ]
people <- read.csv("unbalanced71.csv", stringsAsFactors = FALSE)
people$heatmap <- factor(people$heatmap, c("none", "static", "interactive"))
people$score <- factor(people$score, c("absent", "present"))
table_of <- function(x) { x <- as.data.frame(x); cbind(term = rownames(x), setNames(x, make.names(names(x)))) }

# one yes or no per participant
people$high <- as.numeric(people$fraction_correct > median(people$fraction_correct))
sums <- list(heatmap = "contr.sum", score = "contr.sum")
once <- list(deviance = table_of(Anova(glm(high ~ heatmap * score, binomial, people, contrasts = sums), type = 3, test.statistic = "LR")),
             coefficients = table_of(coef(summary(glm(high ~ heatmap * score, binomial, people)))),
             fisher = sapply(list(c("none", "static"), c("none", "interactive"), c("static", "interactive")), function(p)
               fisher.test(table(factor(people$heatmap[people$heatmap %in% p], p), people$high[people$heatmap %in% p]))$p.value))
answer <- function(i) trials$correct[trials$item == i][order(trials$participant[trials$item == i])]
items <- sapply(c("i00", "i01", "i02"), answer)
only <- function(a, b) c(sum(items[, a] == 1 & items[, b] == 0), sum(items[, a] == 0 & items[, b] == 1))
cochran <- function(x) { k <- ncol(x); r <- rowSums(x); q <- k * (k - 1) * sum((colSums(x) - mean(colSums(x)))^2) / sum(r * (k - r)); c(q, pchisq(q, k - 1, lower.tail = FALSE)) }
once$mcnemar <- lapply(list(c(1, 2), c(1, 3), c(2, 3)), function(p) { o <- only(p[1], p[2]); list(only = o, p = binom.test(o[1], sum(o))$p.value) })
once$cochran <- cochran(items)

# participants and stimuli both random
linear <- function(d) { m <- lmer(rating ~ method * group + (1 | participant) + (1 | item), d,
    control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
  list(coef = table_of(coef(summary(m))), sd = as.data.frame(VarCorr(m))$sdcor, anova = table_of(anova(m, type = 3)), reml = as.numeric(REMLcrit(m))) }
linear_one <- function(d) { m <- lmer(rating ~ method * group + (1 | participant), d, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
  list(coef = table_of(coef(summary(m))), sd = as.data.frame(VarCorr(m))$sdcor) }
logistic <- function(d) { m <- glmer(correct ~ method * group + (1 | participant) + (1 | item), d, binomial,
    control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(rhoend = 1e-9)))
  list(coef = table_of(coef(summary(m))), sd = as.data.frame(VarCorr(m))$sdcor, logLik = as.numeric(logLik(m))) }
ordered_ <- function(d) { d$r <- factor(d$rating, ordered = TRUE); m <- clmm(r ~ method * group + (1 | participant) + (1 | item), d, control = clmm.control(gradTol = 1e-8))
  list(coef = table_of(coef(summary(m))), sd = sapply(VarCorr(m), function(v) attr(v, "stddev")), logLik = as.numeric(logLik(m))) }
ordered_one <- function(d) { d$r <- factor(d$rating, ordered = TRUE); m <- clmm(r ~ method * group + (1 | participant), d, nAGQ = 1, control = clmm.control(gradTol = 1e-8))
  list(coef = table_of(coef(summary(m))), sd = sapply(VarCorr(m), function(v) attr(v, "stddev")), logLik = as.numeric(logLik(m))) }
trials$place <- (as.numeric(trials$item) - 1) / 19 - .5                # the learning curve: place of the trial, centred
learning <- glmer(correct ~ place * method + (1 | participant), trials, binomial, nAGQ = 15, control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(rhoend = 1e-9)))

# within and mixed ANOVA: three thirds of the items, two methods
trials$third <- factor(c(rep("a", 7), rep("b", 6), rep("c", 7))[as.numeric(trials$item)])
number <- as.numeric(trials$participant)
kept <- trials[!(trials$group == "expert" & number %% 5 == 0), ]
means <- aggregate(rating ~ participant + group + third, kept, mean)
aov_of <- function(...) { a <- suppressMessages(suppressWarnings(aov_ez("participant", "rating", means, ..., anova_table = list(correction = "GG", es = c("ges", "pes")))))
  s <- suppressWarnings(summary(a$Anova, multivariate = FALSE))
  list(table = table_of(a$anova_table), eps = table_of(s$pval.adjustments), mauchly = table_of(unclass(s$sphericity.tests))) }
within <- list(within = aov_of(within = "third"), mixed = aov_of(within = "third", between = "group"))
both <- aggregate(rating ~ participant + group + third + half, transform(kept, half = factor(as.numeric(item) %% 2)), mean)
two <- suppressMessages(aov_ez("participant", "rating", both, within = c("third", "half"), between = "group", anova_table = list(correction = "GG", es = c("ges", "pes"))))
within$two <- list(table = table_of(two$anova_table))

# planned contrasts, one-sided
m <- lm(fraction_correct ~ heatmap * score, people, contrasts = sums)
emm <- emmeans(m, "heatmap")
planned <- as.data.frame(test(contrast(emm, list(shown_none = c(-1, .5, .5), interactive_static = c(0, -1, 1))), side = ">", adjust = "holm"))
planned_two <- as.data.frame(test(contrast(emm, list(shown_none = c(-1, .5, .5), interactive_static = c(0, -1, 1))), adjust = "none"))

# Bayes factors: JZS, medium scales
none <- people$fraction_correct[people$heatmap == "none"]; static <- people$fraction_correct[people$heatmap == "static"]
a <- tapply(trials$rating[trials$method == "A"], trials$participant[trials$method == "A"], mean)
b <- tapply(trials$rating[trials$method == "B"], trials$participant[trials$method == "B"], mean)
bf <- function(x) as.numeric(extractBF(x)$bf)
set.seed(1)
top <- anovaBF(fraction_correct ~ heatmap * score, people, whichModels = "top", iterations = 2e5, progress = FALSE)
bayes <- list(unpaired = bf(ttestBF(none, static)), paired = bf(ttestBF(as.numeric(a), as.numeric(b), paired = TRUE)),
              oneway = bf(anovaBF(fraction_correct ~ heatmap, people, progress = FALSE)),
              top = setNames(as.list(1 / bf(top)), rownames(extractBF(top))), top_error = extractBF(top)$error)

# ranks after alignment (Wobbrock et al. 2011), by hand: no ARTool in Debian
aligned <- function(y, d) {
  cell <- ave(y, d$heatmap, d$score); grand <- mean(tapply(y, list(d$heatmap, d$score), mean))
  cells <- tapply(y, list(d$heatmap, d$score), mean)
  h <- rowMeans(cells)[as.character(d$heatmap)] - grand; s <- colMeans(cells)[as.character(d$score)] - grand
  e <- list(heatmap = h, score = s, "heatmap:score" = cell - grand - h - s)
  out <- lapply(names(e), function(n) { d$r <- rank(round(y - cell + e[[n]], 10)); t <- table_of(Anova(lm(r ~ heatmap * score, d, contrasts = sums), type = 3)); t[t$term == n, ] })
  do.call(rbind, out) }

# confidence against being right
auc <- sapply(split(trials, trials$method), function(d) as.numeric(auc(roc(d$correct, d$rating, quiet = TRUE, direction = "<"))))

answers <- list(
  once = once, lmer_crossed = linear(trials), lmer_crossed_thin = linear(thin), lmer_satterthwaite = linear_one(trials), lmer_satterthwaite_thin = linear_one(thin),
  glmer_crossed = logistic(trials), glmer_crossed_thin = logistic(thin),
  clmm_crossed = ordered_(trials), clmm_crossed_thin = ordered_(thin), clmm_one = ordered_one(thin),
  learning = list(coef = table_of(coef(summary(learning))), sd = as.data.frame(VarCorr(learning))$sdcor),
  afex = within, planned = planned, planned_two = planned_two, bayes = bayes, aligned = aligned(people$fraction_correct, people), auroc2 = as.list(auc),
  model_versions = c(R.version.string, sapply(c("lme4", "lmerTest", "ordinal", "afex", "emmeans", "car", "BayesFactor", "pROC"), function(p) as.character(packageVersion(p)))))
write_json(answers, "models_reference.json", digits = 13, auto_unbox = TRUE, pretty = TRUE)
