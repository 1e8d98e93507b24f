// swift-tools-version: 6.2
import PackageDescription

let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let learning: Target.Dependency = .product(name: "OuterloopLearning", package: "outerloop")

var targets: [Target] = [
  // Seeds, mutations and the property that is checked; the tests of the library share it.
  .target(name: "ReaderTrials", dependencies: [learning], swiftSettings: house),
  .executableTarget(
    name: "FuzzReaders", dependencies: ["ReaderTrials", learning], swiftSettings: house),
]
// It links only with the fuzzer's runtime.
if Context.environment["LIBFUZZER"] != nil {
  targets.append(
    .executableTarget(
      name: "LibFuzzer", dependencies: ["ReaderTrials"], swiftSettings: house,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}

let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "outerloop", path: "..")],
  targets: targets
)
