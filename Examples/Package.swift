// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "outerloop-examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "outerloop", path: "..")],
  targets: [
    .executableTarget(
      name: "quickstart", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Quickstart", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "first-run", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/FirstRun", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "learning-rate", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/LearningRate", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "augmentation", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Augmentation", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "search", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Search", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "gradient-search", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/GradientSearch", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "tuner", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Tuner", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "recipes", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Recipes", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "custom-estimator", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/CustomEstimator", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "tutorial", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Tutorial", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "first-study", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/FirstStudy", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "custom-sampler", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/CustomSampler", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "products",
      dependencies: [
        .product(name: "Outerloop", package: "outerloop"),
        .product(name: "OuterloopStore", package: "outerloop"),
        .product(name: "OuterloopCharts", package: "outerloop"),
        .product(name: "OuterloopTesting", package: "outerloop"),
      ],
      path: "Sources/Products", swiftSettings: [.swiftLanguageMode(.v6)]),
    .target(
      name: "DigitsTraining", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "tune-digits",
      dependencies: ["DigitsTraining", .product(name: "Outerloop", package: "outerloop")],
      path: "Sources/TuneDigits", swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "train-digits", dependencies: ["DigitsTraining"],
      path: "Sources/TrainDigits", swiftSettings: [.swiftLanguageMode(.v6)]),
    .target(
      name: "NetworkTraining", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "compare-schedulers",
      dependencies: [
        "NetworkTraining", .product(name: "Outerloop", package: "outerloop"),
        .product(name: "OuterloopCharts", package: "outerloop"),
      ],
      path: "Sources/CompareSchedulers", swiftSettings: [.swiftLanguageMode(.v6)]),
    .testTarget(
      name: "NetworkTrainingTests", dependencies: ["NetworkTraining"],
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ]
)
