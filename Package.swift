// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors everywhere; imports are explicit about what they expose.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// Rooms whose loops dominate training are optimised in debug builds too, so that tests stay quick.
let quick: [SwiftSetting] = house + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "outerloop",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Outerloop", targets: ["Outerloop"]),
    .library(name: "OuterloopLearning", targets: ["OuterloopLearning"]),
    .library(name: "OuterloopStore", targets: ["OuterloopStore"]),
    .library(name: "OuterloopPostgres", targets: ["OuterloopPostgres"]),
    .library(name: "OuterloopCharts", targets: ["OuterloopCharts"]),
    .library(name: "OuterloopTesting", targets: ["OuterloopTesting"]),
    .executable(name: "outerloop", targets: ["OuterloopCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    // C kernels over float and double buffers, each body built for several instruction sets.
    .target(
      name: "COuterloopKernels",
      cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror", "-ffp-contract=fast"])]
    ),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // The C library under one name: knows nothing else.
    .target(name: "OuterloopPlatform", swiftSettings: quick),
    // The same for Foundation.
    .target(name: "OuterloopFoundation", swiftSettings: house),
    .target(
      name: "OuterloopNumerics",
      dependencies: ["COuterloopKernels", "OuterloopPlatform", "OuterloopText"],
      swiftSettings: quick),
    .target(
      name: "OuterloopAutodiff",
      dependencies: [
        "OuterloopNumerics", "COuterloopKernels", "OuterloopPlatform", "OuterloopText",
      ],
      swiftSettings: quick),
    .target(
      name: "OuterloopLearning",
      dependencies: [
        "OuterloopAutodiff", "OuterloopNumerics", "OuterloopPlatform", "OuterloopText", "CZlib",
      ],
      swiftSettings: quick),
    // libcurl, opened when something is fetched.
    .target(name: "COuterloopCurl", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
    .target(
      name: "OuterloopFetch",
      dependencies: ["OuterloopText", "OuterloopLearning", "OuterloopFiles", "COuterloopCurl"],
      swiftSettings: quick),
    .target(
      name: "OuterloopBilevel",
      dependencies: [
        "OuterloopLearning", "OuterloopAutodiff", "OuterloopNumerics", "OuterloopPlatform",
        "OuterloopText",
      ], swiftSettings: quick),
    // What is said and read as text: errors with their remedies, numbers, JSON, names nearly right.
    .target(name: "OuterloopText", dependencies: ["OuterloopPlatform"], swiftSettings: quick),
    // What may be written where: knows no study and no format.
    .target(
      name: "OuterloopFiles", dependencies: ["OuterloopPlatform", "OuterloopText"],
      swiftSettings: house),
    // The vocabulary of search: knows no algorithm, no files.
    .target(
      name: "OuterloopStudy", dependencies: ["OuterloopPlatform", "OuterloopText"],
      swiftSettings: quick),
    // Samplers, surrogates, Pareto fronts: knows no stores.
    .target(
      name: "OuterloopSearch",
      dependencies: [
        "OuterloopStudy", "OuterloopAutodiff", "OuterloopNumerics", "OuterloopPlatform",
        "OuterloopText",
      ],
      swiftSettings: quick),
    // Spaces in files: YAML, JSON, ConfigSpace.
    .target(
      name: "OuterloopSpaces",
      dependencies: ["OuterloopText", "OuterloopStudy", .product(name: "Yams", package: "Yams")],
      swiftSettings: house),
    // Starting and ending programs, in the C that may stand between fork and exec.
    .target(
      name: "COuterloopProcess", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
    .target(
      name: "OuterloopRunner",
      dependencies: ["OuterloopStudy", "OuterloopPlatform", "OuterloopText", "COuterloopProcess"],
      swiftSettings: quick),
    .target(
      name: "OuterloopStore",
      dependencies: [
        "OuterloopStudy", "OuterloopFiles", "OuterloopPlatform", "OuterloopText",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ], swiftSettings: quick),
    // libpq, PostgreSQL's client library, opened when a store of PostgreSQL is.
    .target(name: "COuterloopPQ", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
    // The same tables on a server.
    .target(
      name: "OuterloopPostgres",
      dependencies: [
        "OuterloopStore", "OuterloopStudy", "OuterloopPlatform", "OuterloopText", "COuterloopPQ",
      ], swiftSettings: quick),
    .target(
      name: "OuterloopCharts",
      dependencies: ["OuterloopStudy", "OuterloopSearch", "OuterloopPlatform", "OuterloopText"],
      swiftSettings: house),
    // What the pages of the dashboard are made of, inside the binary.
    .target(
      name: "COuterloopPages", exclude: ["pages"],
      cSettings: [.unsafeFlags(["-std=c23", "-Wall", "-Wextra", "-Werror"])]),
    // A store over HTTP, with pages to look at it.
    .target(
      name: "OuterloopDashboard",
      dependencies: [
        "OuterloopStudy", "OuterloopSearch", "OuterloopCharts", "OuterloopStore",
        "OuterloopRunner", "OuterloopPlatform", "OuterloopText", "COuterloopPages",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: house),
    // A study from its first call to a folder with what it has found.
    .target(
      name: "OuterloopTuning",
      dependencies: [
        "OuterloopStudy", "OuterloopSearch", "OuterloopCharts", "OuterloopFiles", "OuterloopText",
      ], swiftSettings: house),
    .target(
      name: "OuterloopLab",
      dependencies: [
        "OuterloopBilevel", "OuterloopLearning", "OuterloopAutodiff", "OuterloopNumerics",
        "OuterloopStudy", "OuterloopSearch", "OuterloopCharts", "OuterloopFiles",
        "OuterloopFoundation", "OuterloopPlatform", "OuterloopText",
      ], swiftSettings: house),
    .target(
      name: "OuterloopTesting",
      dependencies: [
        "OuterloopBilevel", "OuterloopLearning", "OuterloopAutodiff", "OuterloopNumerics",
        "OuterloopStudy", "OuterloopPlatform", "OuterloopText",
      ],
      swiftSettings: house),
    .target(
      name: "Outerloop",
      dependencies: [
        "OuterloopText",
        "OuterloopNumerics", "OuterloopAutodiff", "OuterloopLearning", "OuterloopBilevel",
        "OuterloopStudy", "OuterloopSearch", "OuterloopTuning",
      ],
      swiftSettings: house),
    .executableTarget(
      name: "OuterloopCommand",
      dependencies: [
        "OuterloopLab", "OuterloopTuning", "OuterloopFetch", "OuterloopLearning",
        "OuterloopDashboard", "OuterloopBilevel", "OuterloopCharts",
        "OuterloopNumerics", "OuterloopStudy", "OuterloopSearch", "OuterloopStore",
        "OuterloopPostgres", "OuterloopRunner", "OuterloopSpaces", "OuterloopFiles",
        "OuterloopFoundation",
        "OuterloopPlatform", "OuterloopText",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: house),

    .testTarget(
      name: "OuterloopTextTests", dependencies: ["OuterloopText"], swiftSettings: house),
    .testTarget(
      name: "OuterloopNumericsTests",
      dependencies: ["OuterloopText", "OuterloopNumerics", "COuterloopKernels"],
      exclude: ["Reference"], swiftSettings: house),
    .testTarget(
      name: "OuterloopAutodiffTests",
      dependencies: [
        "OuterloopText",
        "COuterloopKernels", "OuterloopAutodiff", "OuterloopNumerics", "OuterloopTesting",
      ],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopLearningTests",
      dependencies: [
        "OuterloopText", "OuterloopLearning", "OuterloopAutodiff", "OuterloopNumerics",
      ],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopFetchTests",
      dependencies: ["OuterloopText", "OuterloopFetch", "OuterloopLearning"],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopBilevelTests",
      dependencies: [
        "OuterloopText",
        "OuterloopBilevel", "OuterloopLearning", "OuterloopAutodiff", "OuterloopNumerics",
        "OuterloopTesting",
      ], swiftSettings: house),
    // Public functions given values that nobody should pass, in processes of their own: a trap is a
    // line of the report.
    .executableTarget(
      name: "AbuseProbe",
      dependencies: [
        "OuterloopText",
        "OuterloopBilevel", "OuterloopLearning", "OuterloopAutodiff", "OuterloopNumerics",
        "OuterloopStudy", "OuterloopSearch", "OuterloopStore", "OuterloopPostgres",
        "OuterloopSpaces", "OuterloopCharts", "OuterloopTuning", "OuterloopTesting",
      ], path: "Tests/AbuseProbe", swiftSettings: house),
    .testTarget(
      name: "OuterloopAbuseTests", dependencies: ["AbuseProbe", "PostgresServer"],
      swiftSettings: house),
    // The programs of Documentation/tutorial, as programs of users have them: only through the umbrella.
    .executableTarget(
      name: "TutorialProgram", dependencies: ["Outerloop"], path: "Examples/Sources/Tutorial",
      swiftSettings: house),
    .executableTarget(
      name: "FirstStudyProgram", dependencies: ["Outerloop"], path: "Examples/Sources/FirstStudy",
      swiftSettings: house),
    .executableTarget(
      name: "CustomSamplerProgram", dependencies: ["Outerloop"],
      path: "Examples/Sources/CustomSampler", swiftSettings: house),
    .executableTarget(
      name: "CustomEstimatorProgram", dependencies: ["Outerloop"],
      path: "Examples/Sources/CustomEstimator", swiftSettings: house),
    // The programs of the articles in the products' catalogs.
    .executableTarget(
      name: "ProductsProgram",
      dependencies: ["Outerloop", "OuterloopStore", "OuterloopCharts", "OuterloopTesting"],
      path: "Examples/Sources/Products", swiftSettings: house),
    .testTarget(
      name: "OuterloopTutorialTests",
      dependencies: [
        "ProductsProgram",
        "TutorialProgram", "FirstStudyProgram", "CustomSamplerProgram", "CustomEstimatorProgram",
      ], swiftSettings: house),
    .testTarget(
      name: "OuterloopFilesTests", dependencies: ["OuterloopText", "OuterloopFiles"],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopStudyTests", dependencies: ["OuterloopText", "OuterloopStudy"],
      swiftSettings: house),
    // A process of its own for the tests of the store: a writer to be killed, a viewer, a crowd.
    .executableTarget(
      name: "StoreProbe",
      dependencies: ["OuterloopPostgres", "OuterloopStore", "OuterloopStudy", "OuterloopPlatform"],
      path: "Tests/StoreProbe", swiftSettings: house),
    // A server of PostgreSQL, and a network to it that fails, for tests.
    .target(name: "PostgresServer", path: "Tests/PostgresServer", swiftSettings: house),
    .testTarget(
      name: "OuterloopStoreTests",
      dependencies: [
        "OuterloopText",
        "OuterloopStore", "OuterloopPostgres", "OuterloopStudy", "OuterloopFiles",
        "OuterloopTesting", "OuterloopPlatform", "StoreProbe", "PostgresServer",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [.copy("Schemas"), .copy("Optuna")], swiftSettings: house),
    .testTarget(
      name: "OuterloopRunnerTests",
      dependencies: ["OuterloopRunner", "OuterloopStudy", "OuterloopText"],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopSearchTests",
      dependencies: [
        "OuterloopText", "OuterloopSearch", "OuterloopStudy", "OuterloopNumerics",
        "OuterloopTesting",
      ],
      exclude: ["Golden"], swiftSettings: house),
    .testTarget(
      name: "OuterloopSpacesTests",
      dependencies: ["OuterloopText", "OuterloopSpaces", "OuterloopStudy"],
      exclude: ["Golden"], swiftSettings: house),
    .testTarget(
      name: "OuterloopChartsTests",
      dependencies: ["OuterloopSearch", "OuterloopCharts", "OuterloopStudy", "OuterloopText"],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopDashboardTests",
      dependencies: [
        "OuterloopDashboard", "OuterloopStudy", "OuterloopSearch", "OuterloopStore",
        "OuterloopRunner", "OuterloopCharts", "OuterloopPlatform", "OuterloopText",
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopTuningTests",
      dependencies: ["OuterloopTuning", "OuterloopSearch", "OuterloopStudy", "OuterloopText"],
      swiftSettings: house),
    .testTarget(
      name: "OuterloopLabTests",
      dependencies: [
        "OuterloopLab", "OuterloopBilevel", "OuterloopLearning", "OuterloopAutodiff",
        "OuterloopNumerics", "OuterloopStudy", "OuterloopSearch", "OuterloopText",
      ], swiftSettings: house),
    .testTarget(
      name: "OuterloopCommandTests",
      dependencies: [
        "OuterloopCharts", "OuterloopLab",
        "OuterloopCommand", "OuterloopSearch", "OuterloopStore", "OuterloopPostgres",
        "OuterloopStudy", "OuterloopText", "PostgresServer",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Yams", package: "Yams"),
      ], swiftSettings: house),
  ]
)
