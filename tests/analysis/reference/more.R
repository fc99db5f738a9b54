# Answers beyond r_reference.json: Rscript more.R in this folder writes more_reference.json.
# R 4.2.2; lme4 1.1.31, effectsize 0.8.3, geepack 1.3.9, jsonlite for the file. Made-up data only.
suppressMessages({library(lme4); library(geepack); library(effectsize); library(jsonlite)})
trials <- read.csv("trials_long.csv", stringsAsFactors = TRUE)
thin <- seq_len(nrow(trials)) - 1                                    # rows counted from 0
trials_thin <- trials[thin %% 7 != 0 & !(trials$group == "expert" & thin %% 3 == 0), ]  # unequal cells and people
people <- read.csv("unbalanced71.csv", stringsAsFactors = TRUE)
none <- people$fraction_correct[people$heatmap == "none"]
static <- people$fraction_correct[people$heatmap == "static"]

coefficients_of <- function(fit) { t <- as.data.frame(coef(summary(fit))); cbind(term = rownames(t), setNames(t, make.names(names(t)))) }
glmer15 <- function(data) {
  fit <- glmer(correct ~ method * group + (1 | participant), data, binomial, nAGQ = 15,
               control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
  list(n = nrow(data), fixef = coefficients_of(fit), sd = as.data.frame(VarCorr(fit))$sdcor, logLik = as.numeric(logLik(fit)))
}
gee <- function(data) {
  fit <- geeglm(correct ~ method * group, binomial, data, id = participant, corstr = "exchangeable")
  list(coef = coefficients_of(fit), alpha = as.numeric(summary(fit)$corr[1, 1]))
}
g_limits <- function(a, b) {                                         # exact: no optimiser that stops early
  df <- length(a) + length(b) - 2; root <- sqrt(1 / length(a) + 1 / length(b))
  t <- as.numeric(t.test(a, b, var.equal = TRUE)$statistic)
  J <- exp(lgamma(df / 2) - log(sqrt(df / 2)) - lgamma((df - 1) / 2))
  at <- function(p) uniroot(function(nc) pt(t, df, nc) - p, c(t - 6, t + 6), tol = 1e-13)$root
  list(d = t * root, g = J * t * root, ci = J * root * c(at(.975), at(.025)))
}
one_sided <- function(mu, alternative) t.test(none, static, mu = mu, alternative = alternative)$p.value
stages <- tapply(trials$rating, list(trials$participant, trials$item %in% paste0("i0", 0:6) + 2 * (trials$item %in% paste0("i", 14:19))), mean)
a <- tapply(trials$rating[trials$method == "A"], trials$participant[trials$method == "A"], mean)
b <- tapply(trials$rating[trials$method == "B"], trials$participant[trials$method == "B"], mean)
welch <- t.test(none, static)
wilcox <- wilcox.test(none, static, exact = FALSE, correct = FALSE)
against <- t.test(none, mu = .5)
above <- c(sum(none > .5), sum(none < .5))
friedman <- friedman.test(stages)
rho <- cor.test(people$fraction_correct, people$saliency_ratio, method = "spearman", exact = FALSE)

# effectsize counts zero differences in the standard error of its paired limits: none are given to it
answers <- list(
  glmer_agq15_thin = glmer15(trials_thin),
  geeglm = gee(trials), geeglm_thin = gee(trials_thin),
  hedges_exact = g_limits(none, static),
  rank_biserial = as.data.frame(rank_biserial(none, static)),
  rank_biserial_paired = as.data.frame(rank_biserial(as.numeric(a)[a != b], as.numeric(b)[a != b], paired = TRUE)),
  cohens_dz = as.data.frame(cohens_d(as.numeric(a), as.numeric(b), paired = TRUE)),
  welch_t = list(t = as.numeric(welch$statistic), df = as.numeric(welch$parameter), p = welch$p.value, ci = as.numeric(welch$conf.int)),
  mann_whitney = list(U = as.numeric(wilcox$statistic), p = wilcox$p.value),
  tost_welch_0.15 = list(p_low = one_sided(-.15, "greater"), p_high = one_sided(.15, "less"), ci90 = as.numeric(t.test(none, static, conf.level = .9)$conf.int)),
  friedman = list(chi2 = as.numeric(friedman$statistic), df = as.numeric(friedman$parameter), p = friedman$p.value),
  against_half = list(t = as.numeric(against$statistic), p = against$p.value, above = above, p_sign = binom.test(above)$p.value),
  spearman = list(rho = as.numeric(rho$estimate)),
  versions = c(R.version.string, lme4 = as.character(packageVersion("lme4")), effectsize = as.character(packageVersion("effectsize")), geepack = as.character(packageVersion("geepack")))
)
write_json(answers, "more_reference.json", digits = 13, auto_unbox = TRUE, pretty = TRUE)
