{{- define "driftline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "driftline.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "driftline.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "driftline.selectorLabels" -}}
app.kubernetes.io/name: {{ include "driftline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Not the workers' labels: the test's pod must get none of their traffic. */}}
{{- define "driftline.testLabels" -}}
app.kubernetes.io/name: {{ include "driftline.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "driftline.labels" -}}
{{ include "driftline.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: driftline
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "driftline.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "driftline.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "driftline.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "driftline.containerPort" -}}
{{- dig "web" "port" 8080 .Values.config | int }}
{{- end }}

{{- define "driftline.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
privileged: false
readOnlyRootFilesystem: true
{{- end }}

{{- define "driftline.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Files that the configuration reads, one a line. */}}
{{- define "driftline.files" -}}
{{- $security := dig "kafka" "security" dict .Values.config }}
{{- range list "password_file" "ca_file" "certificate_file" "key_file" }}
{{- with get $security . }}
{{ . }}
{{- end }}
{{- end }}
{{- with dig "web" "token_file" "" .Values.config }}
{{ . }}
{{- end }}
{{- range dig "receivers" "webhooks" list .Values.config }}
{{- range .secret_files }}
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Ports outside that the configuration names, one a line. */}}
{{- define "driftline.outsidePorts" -}}
{{- range splitList "," .Values.config.kafka.bootstrap_servers }}
{{ regexFind "[0-9]+$" (trim .) }}
{{- end }}
{{- $urls := dig "receivers" "alertmanager" "urls" list .Values.config }}
{{- range dig "receivers" "webhooks" list .Values.config }}
{{- $urls = append $urls .url }}
{{- end }}
{{- with dig "telemetry" "traces_endpoint" "" .Values.config }}
{{- $urls = append $urls . }}
{{- end }}
{{- range $urls }}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{ default (ternary "443" "80" (eq $url.scheme "https")) $port }}
{{- end }}
{{- end }}

{{/* Mistakes that a schema cannot express; every template that could suffer from one includes this. */}}
{{- define "driftline.validate" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled }}
{{- fail "autoscaling.enabled and keda.enabled: both would set the number of workers, and fight; enable one" }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
{{- fail "serviceMonitor.enabled and podMonitor.enabled: every worker would be scraped twice; enable one" }}
{{- end }}
{{- if and (or .Values.strimzi.topics.enabled .Values.strimzi.user.enabled) (not .Values.strimzi.cluster) }}
{{- fail "strimzi.cluster: empty, so no operator would create the topics or the user; name the Kafka cluster" }}
{{- end }}
{{- range splitList "\n" (include "driftline.files" .) }}
{{- if hasPrefix "/etc/driftline/secrets/" . }}
{{- $folder := index (splitList "/" .) 4 }}
{{- if not (get $.Values.existingSecrets $folder) }}
{{- fail (printf "existingSecrets.%s: not set, but config names %s; the service would not start; name the Secret that holds it" $folder .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
