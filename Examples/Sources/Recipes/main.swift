/// Short programs that use hypergradients, as `Documentation/gradients.md` shows them.
let recipes: [(name: String, run: () throws -> Void)] = [
  ("weight decay", weightDecay), ("a rate for each step", rateSchedule),
  ("example weights", exampleWeights), ("initial weights", initialWeights),
  ("logistic regression", logisticRegression), ("online", online), ("a custom step", customStep),
  ("comparison", comparison), ("named hyperparameters", namedHyperparameters),
  ("evidence", evidence),
]
for recipe in recipes {
  print("== \(recipe.name)")
  try recipe.run()
}
