{{- define "bridge.labels" -}}
app.kubernetes.io/name: propexo-bridge
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "bridge.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* The sum of bridge/grace.py, and five seconds for the kubelet. */ -}}
{{- define "bridge.grace" -}}
{{ add .Values.drain 30 45 15 5 }}
{{- end }}

{{- /* What all pods share; takes {root, command, config}. */ -}}
{{- define "bridge.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 0
  fsGroup: 0
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: config
    configMap: {name: {{ .config }}}
  - name: tmp
    emptyDir: {}
  - name: memory
    emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

{{- define "bridge.container" -}}
image: {{ include "bridge.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{ toJson .command }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef: {name: {{ .root.Values.existingSecret }}}
env:
  - {name: BRIDGE_SERVER__DRAIN, value: {{ .root.Values.drain | quote }}}
  - {name: BRIDGE_SERVER__PRIVATE_BIND, value: "0.0.0.0:8081"}
volumeMounts:
  - {name: config, mountPath: /etc/bridge, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  - {name: memory, mountPath: /dev/shm}
{{- end }}

{{- /* Five minutes to start; liveness never asks the database. */ -}}
{{- define "bridge.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: {{ . }}}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 150
readinessProbe:
  httpGet: {path: /readyz, port: {{ . }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /livez, port: {{ . }}}
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}
