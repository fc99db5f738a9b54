# What R says about scale_items.csv (made-up answers, 1 to 7): Rscript scales.R in this folder writes scales_reference.json.
# R 4.2.2; psych 2.2.9, jsonlite for the file.
suppressMessages({library(psych); library(jsonlite)})
data <- read.csv("scale_items.csv")
items <- data[paste0("t", 1:5)]
found <- alpha(items)
feldt <- alpha.ci(found$total$raw_alpha, n.obs = nrow(items), n.var = ncol(items))
score <- rowMeans(items)
rho <- cor.test(score, data$accuracy, method = "spearman", exact = FALSE)
answers <- list(
  alpha = list(raw_alpha = found$total$raw_alpha, ci = c(feldt$lower.ci, feldt$upper.ci)),
  alpha_items = list(r_drop = found$item.stats$r.drop, alpha_drop = found$alpha.drop$raw_alpha),
  omega_total = suppressMessages(omega(items, nfactors = 1, plot = FALSE)$omega.tot),
  omega_total_three = suppressMessages(omega(items[1:3], nfactors = 1, plot = FALSE)$omega.tot),
  minres = as.numeric(fa(items, nfactors = 1, fm = "minres")$loadings),
  rho_people = list(rho = as.numeric(rho$estimate), p = rho$p.value),
  scale_versions = c(R.version.string, psych = as.character(packageVersion("psych")))
)
write_json(answers, "scales_reference.json", digits = 13, auto_unbox = TRUE, pretty = TRUE)
