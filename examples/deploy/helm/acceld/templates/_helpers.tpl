{{- define "acceld.name" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) }}
{{- $name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "acceld.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "acceld.labels" -}}
{{ include "acceld.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "acceld.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* The configuration file: the values', and what only the chart can know. */}}
{{- define "acceld.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $server := merge (dict "host" "0.0.0.0" "port" 2077) (get $config "server" | default dict) -}}
{{- $provider := merge (dict "work_dir" "/var/lib/acceld") (get $config "provider" | default dict) -}}
{{- $config = merge (dict "server" $server "provider" $provider) $config -}}
{{- if .Values.database.existingSecret }}
{{- $config = merge (dict "queue" (merge (dict "url" "${QUEUE_URL}") (get $config "queue" | default dict))) $config -}}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "acceld.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ ternary "HTTPS" "HTTP" .tls }}
timeoutSeconds: 5
{{- end }}
