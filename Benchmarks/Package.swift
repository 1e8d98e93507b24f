// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "outerloop-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "outerloop", path: "..")],
  targets: [
    .executableTarget(
      name: "bilevel-bench",
      dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/BilevelBench",
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "search-bench",
      dependencies: [
        .product(name: "Outerloop", package: "outerloop"),
        .product(name: "OuterloopStore", package: "outerloop"),
        .product(name: "OuterloopPostgres", package: "outerloop"),
        .product(name: "OuterloopTesting", package: "outerloop"),
        // Built beside it: the command is measured too.
        .product(name: "outerloop", package: "outerloop"),
      ],
      path: "Sources/SearchBench",
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
  ]
)
