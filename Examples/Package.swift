// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "outerloop-examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "outerloop", path: "..")],
  targets: [
    .executableTarget(
      name: "quickstart", dependencies: [.product(name: "Outerloop", package: "outerloop")],
      path: "Sources/Quickstart", swiftSettings: [.swiftLanguageMode(.v6)])
  ]
)
