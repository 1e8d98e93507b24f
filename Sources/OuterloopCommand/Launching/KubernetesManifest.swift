internal import OuterloopText

/// An indexed Job of workers.
///
/// A pod that exits by itself is not restarted if its study is done; one that is evicted or whose node is
/// lost is replaced, and does not count as a failure. Texts are written as JSON strings, which YAML
/// reads.
struct KubernetesManifest {
  let request: LaunchRequest
  let image: String
  /// Nil: that of the current context.
  let namespace: String?
  /// The secret whose key `url` is the store's address.
  let secret: String
  /// A volume claim, and where it is mounted; for checkpoints, and for a store that is a file.
  let volume: (claim: String, path: String)?

  /// Whether the store's address comes from the secret: that of a server has a password, or may have one.
  var takesSecret: Bool { request.store.isServer }

  func text() throws -> String {
    let words = try request.words(namesStore: !takesSecret)
    var lines = [
      "apiVersion: batch/v1", "kind: Job", "metadata:", "  name: \(Self.quoted(request.name))",
    ]
    if let namespace { lines.append("  namespace: \(Self.quoted(namespace))") }
    lines += [
      "  labels:", "    app.kubernetes.io/name: outerloop",
      "    outerloop/study: \(Self.quoted(request.name))",
      "  annotations:", "    outerloop/study: \(Self.quoted(request.study))",
      "spec:", "  completionMode: Indexed",
      "  completions: \(request.workers)", "  parallelism: \(request.workers)",
      // Of all workers together.
      "  backoffLimit: \(6 * request.workers)",
    ]
    if let seconds = request.seconds {
      lines.append("  activeDeadlineSeconds: \(Int(seconds.rounded(.up)))")
    }
    lines += [
      "  podFailurePolicy:", "    rules:",
      "      # An eviction, or a node that is lost, is no failure: a new pod takes its place.",
      "      - action: Ignore", "        onPodConditions:",
      "          - type: DisruptionTarget", "            status: \"True\"",
      "      # Wrong usage stays wrong.",
      "      - action: FailJob", "        onExitCodes:", "          containerName: worker",
      "          operator: In", "          values: [64]",
      "  template:", "    metadata:", "      labels:", "        app.kubernetes.io/name: outerloop",
      "        outerloop/study: \(Self.quoted(request.name))",
      "    spec:", "      restartPolicy: Never",
      "      # Orphans of programs are reaped by the pod's own first process.",
      "      shareProcessNamespace: true",
      "      # From SIGTERM to SIGKILL: programs save their work, and the worker parks its trials.",
      "      terminationGracePeriodSeconds: \(Int(request.grace.rounded(.up)) + 15)",
      "      containers:", "        - name: worker", "          image: \(Self.quoted(image))",
      "          command: [\(Self.expanded(words[0]))]", "          args:",
    ]
    lines += words.dropFirst().map { "            - \(Self.expanded($0))" }
    if takesSecret {
      lines += [
        "          env:", "            - name: OUTERLOOP_STORE", "              valueFrom:",
        "                secretKeyRef:", "                  name: \(Self.quoted(secret))",
        "                  key: url",
      ]
      // A server has no folder for checkpoints.
      if let volume {
        lines += [
          "            - name: OUTERLOOP_TRIALS",
          "              value: \(Self.quoted(volume.path))",
        ]
      }
    }
    lines += resources
    if let volume {
      lines += [
        "          volumeMounts:", "            - name: data",
        "              mountPath: \(Self.quoted(volume.path))",
        "      volumes:", "        - name: data", "          persistentVolumeClaim:",
        "            claimName: \(Self.quoted(volume.claim))",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var resources: [String] {
    var amounts: [(requested: String, limited: String)] = []
    if let cpus = request.cpus { amounts.append(("cpu: \"\(cpus)\"", "cpu: \"\(cpus)\"")) }
    if let memory = request.mebibytes {
      amounts.append(("memory: \(memory)Mi", "memory: \(memory)Mi"))
    }
    if let gpus = request.gpus, gpus > 0 {
      amounts.append(("nvidia.com/gpu: \(gpus)", "nvidia.com/gpu: \(gpus)"))
    }
    guard !amounts.isEmpty else { return [] }
    return ["          resources:", "            requests:"]
      + amounts.map { "              \($0.requested)" } + ["            limits:"]
      + amounts.map { "              \($0.limited)" }
  }

  /// A word escaped for Kubernetes, which expands `$(NAME)` as a variable and `$$` as a dollar sign.
  private static func expanded(_ word: String) -> String {
    quoted(word.replacing("$", with: "$$"))
  }

  /// A quoted text, without anything that YAML reads as a line break or markup.
  private static func quoted(_ text: String) -> String {
    var quoted = ""
    for scalar in text.jsonString.unicodeScalars {
      switch scalar.value {
      case 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted
  }
}
