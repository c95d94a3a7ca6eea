"""The closed table of codes: every answer the registry can give, with its title and its fix in Vietnamese and English.

A slug (`area-what`) never changes and is never used again for something else. Only data lives here.
"""

from __future__ import annotations

from registry.core.findings import Code, Effect, Kind

_ALL: dict[str, Code] = {}


def _code(
    slug: str, title: tuple[str, str], fix: tuple[str, str], effect: Effect = Effect.REFUSE, kind: Kind = Kind.DOCUMENT
) -> Code:
    """Enter one row; texts are pairs (Vietnamese, English)."""
    if slug in _ALL:
        raise ValueError(f"code {slug} is in the table twice")
    _ALL[slug] = Code(slug, kind, effect, title[0], title[1], fix[0], fix[1])
    return _ALL[slug]


def all_codes() -> tuple[Code, ...]:
    """Every code, in the order of the table."""
    return tuple(_ALL.values())


def by_slug(slug: str) -> Code | None:
    """The code of that slug, or None."""
    return _ALL.get(slug)


# --- the request around a document -------------------------------------------------------------------------------------

REQUEST_PATH = _code(
    "request-path",
    ("Không có địa chỉ này", "No such address"),
    ("Xem danh mục địa chỉ trong openapi/registry.yaml.", "See the addresses in openapi/registry.yaml."),
    kind=Kind.NOT_FOUND,
)
REQUEST_METHOD = _code(
    "request-method",
    ("Phương thức HTTP không được hỗ trợ ở địa chỉ này", "This address does not take that HTTP method"),
    ("Dùng phương thức nêu trong tiêu đề Allow.", "Use a method named in the Allow header."),
    kind=Kind.METHOD,
)
REQUEST_PARAMETER = _code(
    "request-parameter",
    ("Tham số hoặc nội dung yêu cầu không đúng", "A parameter or member of the request is wrong"),
    (
        "Sửa phần được con trỏ chỉ ra theo openapi/registry.yaml.",
        "Mend what the pointer names, following openapi/registry.yaml.",
    ),
    kind=Kind.REQUEST,
)
REQUEST_TOO_LARGE = _code(
    "request-too-large",
    ("Nội dung gửi lên quá lớn", "The body is too large"),
    (
        "Gửi mỗi lần một học bạ, trong giới hạn dung lượng đã nêu.",
        "Send one transcript at a time, within the limit named.",
    ),
    kind=Kind.TOO_LARGE,
)
REQUEST_SLOW = _code(
    "request-slow",
    ("Nội dung gửi đến quá chậm", "The body arrives too slowly"),
    (
        "Gửi lại trọn nội dung trong thời gian nêu trong chi tiết.",
        "Send all of the body again, within the time in the detail.",
    ),
    kind=Kind.TOO_SLOW,
)
REQUEST_MEDIA_TYPE = _code(
    "request-media-type",
    ("Kiểu nội dung không được nhận", "This media type is not taken"),
    (
        "Gửi với Content-Type nêu trong chi tiết và không nén nội dung.",
        "Send the Content-Type named in the detail, without a content coding.",
    ),
    kind=Kind.MEDIA_TYPE,
)
REQUEST_RATE = _code(
    "request-rate",
    ("Gửi quá nhanh", "Too many requests"),
    ("Đợi số giây nêu trong Retry-After rồi gửi lại.", "Wait for the seconds in Retry-After, then send again."),
    kind=Kind.TOO_MANY,
)
SERVICE_BUSY = _code(
    "service-busy",
    ("Hệ thống đang bận", "The service is busy"),
    (
        "Gửi lại đúng nội dung cũ sau số giây trong Retry-After; không có gì bị mất.",
        "Send the same bytes again after Retry-After; nothing is lost.",
    ),
    kind=Kind.UNAVAILABLE,
)
SERVICE_DATABASE = _code(
    "service-database",
    ("Cơ sở dữ liệu tạm thời chưa sẵn sàng", "The database is away for the moment"),
    (
        "Gửi lại đúng nội dung cũ sau số giây trong Retry-After; không có gì bị mất.",
        "Send the same bytes again after Retry-After; nothing is lost.",
    ),
    kind=Kind.UNAVAILABLE,
)
SERVICE_UNREADY = _code(
    "service-unready",
    ("Hệ thống chưa sẵn sàng", "The service is not ready yet"),
    (
        "Thử lại sau; chi tiết nêu phần còn thiếu để đơn vị vận hành xử lý.",
        "Try again later; the detail names what is missing, for the operator.",
    ),
    kind=Kind.UNAVAILABLE,
)
SERVICE_FAULT = _code(
    "service-fault",
    ("Lỗi của hệ thống", "A fault of the service"),
    ("Báo cho đơn vị vận hành kèm mã yêu cầu trong instance.", "Tell the operator, naming the request id in instance."),
    kind=Kind.FAULT,
)

# --- access ------------------------------------------------------------------------------------------------------------

ACCESS_TOKEN = _code(
    "access-token",
    ("Thiếu mã truy cập hoặc mã truy cập không còn giá trị", "The access token is missing or no longer good"),
    (
        "Lấy mã mới tại /oauth/token và gửi trong tiêu đề Authorization: Bearer.",
        "Get a new one at /oauth/token and send it as Authorization: Bearer.",
    ),
    kind=Kind.UNAUTHENTICATED,
)
ACCESS_ASSERTION = _code(
    "access-assertion",
    ("Chứng minh khóa (private_key_jwt) không hợp lệ", "The client assertion (private_key_jwt) is not good"),
    (
        "Ký bằng khóa đã đăng ký (ES256, PS256 hoặc EdDSA); aud là địa chỉ phát hành, jti dùng một lần, exp không quá 5 phút.",
        "Sign with a registered key (ES256, PS256 or EdDSA); aud is the issuer, jti is used once, exp is at most 5 minutes away.",
    ),
    kind=Kind.UNAUTHENTICATED,
)
ACCESS_SCOPE = _code(
    "access-scope",
    ("Không có quyền cho việc này", "Not allowed to do this"),
    ("Đề nghị đơn vị vận hành cấp phạm vi nêu trong chi tiết.", "Ask the operator for the scope named in the detail."),
    kind=Kind.FORBIDDEN,
)
ACCESS_UNIT = _code(
    "access-unit",
    ("Đơn vị này không thuộc phạm vi của bên gọi", "This unit is not within the caller's scope"),
    (
        "Chỉ hỏi về đơn vị được giao; liên hệ đơn vị vận hành nếu thiếu.",
        "Ask only about units you are given; tell the operator if one is missing.",
    ),
    kind=Kind.FORBIDDEN,
)
ACCESS_PURPOSE = _code(
    "access-purpose",
    ("Mục đích này không được cấp cho bên gọi", "This purpose is not granted to the caller"),
    (
        "Dùng một mục đích được cấp; liên hệ đơn vị vận hành nếu thiếu.",
        "Use a purpose you are granted; tell the operator if one is missing.",
    ),
    kind=Kind.FORBIDDEN,
)
SUBMISSION_UNKNOWN = _code(
    "submission-unknown",
    ("Không có lần gửi này", "No such submission"),
    (
        "Dùng submission_id trong câu trả lời của lần gửi; chỉ bên gửi xem được.",
        "Use the submission_id from the answer to your own submission.",
    ),
    kind=Kind.NOT_FOUND,
)
SCOPE_SCHOOL = _code(
    "scope-school",
    ("Trường này không thuộc phạm vi của nhà cung cấp", "The school is not within the vendor's scope"),
    (
        "Kiểm tra mã trường; đề nghị đơn vị vận hành giao trường cho nhà cung cấp nếu đúng.",
        "Check the school code; ask the operator to give you the school if it is right.",
    ),
    kind=Kind.FORBIDDEN,
)

# --- JSON text (RFC 8259), in the envelope, the headers and the payload ----------------------------------------------------

JSON_ENCODING = _code(
    "json-encoding",
    ("Văn bản JSON không phải UTF-8 thuần", "The JSON text is not plain UTF-8"),
    ("Mã hóa lại bằng UTF-8, không có BOM.", "Encode as UTF-8 without a byte order mark."),
)
JSON_SYNTAX = _code(
    "json-syntax",
    ("Văn bản JSON sai cú pháp", "The text is not well-formed JSON"),
    (
        "Tạo văn bản bằng một thư viện JSON; xem vị trí trong chi tiết.",
        "Write it with a JSON library; the detail names the place.",
    ),
)
JSON_DUPLICATE = _code(
    "json-duplicate",
    ("Một thành viên xuất hiện hai lần", "A member appears twice"),
    ("Giữ lại đúng một thành viên cho mỗi tên.", "Keep exactly one member of each name."),
)
JSON_NUMBER = _code(
    "json-number",
    ("Số không biểu diễn được chính xác", "A number that can't be represented exactly"),
    ("Không dùng NaN, Infinity hay số ngoài ±(2^53 − 1).", "Do not use NaN, Infinity or numbers outside ±(2^53 − 1)."),
)
JSON_CHARACTER = _code(
    "json-character",
    ("Chuỗi chứa ký tự không được phép", "A string holds a character that is not allowed"),
    ("Bỏ ký tự NUL và các nửa cặp surrogate.", "Remove NUL characters and lone surrogates."),
)
JSON_LIMIT = _code(
    "json-limit",
    ("JSON có quá nhiều đối tượng và danh sách", "The JSON holds too many objects and lists"),
    ("Giữ trong giới hạn nêu ở chi tiết.", "Stay within the limit in the detail."),
)
JSON_DEPTH = _code(
    "json-depth",
    ("JSON lồng quá sâu", "The JSON is nested too deep"),
    ("Giảm độ lồng xuống giới hạn nêu trong chi tiết.", "Nest no deeper than the limit in the detail."),
)

# --- the signed XML container ------------------------------------------------------------------------------------------

XML_ENCODING = _code(
    "xml-encoding",
    ("XML không ở dạng UTF-8", "The XML is not UTF-8"),
    (
        "Ghi tài liệu bằng UTF-8, không có BOM, rồi ký lại.",
        "Write the document in UTF-8 without a byte order mark and sign again.",
    ),
)
XML_SYNTAX = _code(
    "xml-syntax",
    ("XML sai cú pháp", "The XML is not well formed"),
    (
        "Sửa lỗi tại dòng và cột nêu trong chi tiết rồi ký lại.",
        "Mend the error at the line and column in the detail and sign again.",
    ),
)
XML_CONSTRUCT = _code(
    "xml-construct",
    ("XML chứa thành phần bị cấm", "The XML holds a forbidden construct"),
    (
        "Bỏ DOCTYPE, chú thích, CDATA và chỉ thị xử lý rồi ký lại.",
        "Leave out DOCTYPE, comments, CDATA sections and processing instructions and sign again.",
    ),
)
XML_LIMIT = _code(
    "xml-limit",
    ("XML vượt giới hạn", "The XML is beyond a limit"),
    ("Giữ trong giới hạn nêu ở chi tiết.", "Stay within the limit in the detail."),
)
XML_STRUCTURE = _code(
    "xml-structure",
    ("Phần tử, thuộc tính hoặc văn bản XML không đúng chỗ", "An element, attribute or text of the XML is out of place"),
    ("Dựng tệp đúng cấu trúc trong openapi/envelope-xml.md.", "Build the file as openapi/envelope-xml.md lays it out."),
)
XML_ID = _code(
    "xml-id",
    ("Thuộc tính Id thiếu hoặc trùng", "An Id is missing or used twice"),
    ("Đặt cho mỗi phần được tham chiếu một Id riêng, không trùng.", "Give each referenced part an Id of its own."),
)
XML_SCHEMA = _code(
    "xml-schema",
    ("Nội dung XML không đúng lược đồ", "The content does not fit the XML schema"),
    (
        "Sửa phần tử được chỉ ra theo openapi/transcript.xsd.",
        "Mend the element named, following openapi/transcript.xsd.",
    ),
)
REFERENCE_TARGET = _code(
    "reference-target",
    ("Tham chiếu chữ ký trỏ sai chỗ", "A reference of the signature leads elsewhere"),
    (
        "Chỉ tham chiếu bằng Id tới học bạ, các phần của chữ ký trước và SignedProperties, mỗi thứ một lần.",
        "Refer by Id to the transcript, the parts of earlier signatures and SignedProperties only, each once.",
    ),
)
REFERENCE_MISSING = _code(
    "reference-missing",
    ("Chữ ký chưa phủ phần bắt buộc", "The signature does not cover what it must"),
    ("Ký lại, thêm tham chiếu tới phần nêu trong chi tiết.", "Sign again with a reference to the part in the detail."),
)
REFERENCE_TRANSFORM = _code(
    "reference-transform",
    ("Phép biến đổi hoặc chuẩn hoá không được nhận", "The transform or canonicalisation is not taken"),
    (
        "Chỉ dùng exclusive C14N không chú thích, không tham số.",
        "Use exclusive C14N without comments and parameters only.",
    ),
)
REFERENCE_HASH = _code(
    "reference-hash",
    ("Thuật toán băm không được nhận", "The digest algorithm is not taken"),
    ("Dùng SHA-256, SHA-384 hoặc SHA-512.", "Use SHA-256, SHA-384 or SHA-512."),
)
REFERENCE_DIGEST = _code(
    "reference-digest",
    ("Giá trị băm không khớp với nội dung", "The digest does not fit the content"),
    (
        "Nội dung đã đổi sau khi ký: ký lại bản đúng.",
        "The content was changed after signing: sign the right content again.",
    ),
)

# --- envelope and headers (RFC 7515; ETSI TS 119 182-1) ---------------------------------------------------------------------

ENVELOPE_SHAPE = _code(
    "envelope-shape",
    ("Phong bì chữ ký sai cấu trúc", "The signature envelope has the wrong shape"),
    (
        "Dùng JWS General JSON với payload (hoặc document) và signatures; xem openapi/envelope.md.",
        "Use JWS General JSON with payload (or document) and signatures; see openapi/envelope.md.",
    ),
)
ENVELOPE_FORM = _code(
    "envelope-form",
    ("Phong bì trộn hai dạng chữ ký", "The envelope mixes two forms"),
    (
        "Dùng một dạng cho cả tài liệu: payload với prev, hoặc document với sigD; signatures, hoặc một chữ ký rút gọn.",
        "Use one form throughout: payload with prev, or document with sigD; signatures, or one flattened signature.",
    ),
)
ENVELOPE_MEMBER = _code(
    "envelope-member",
    ("Phong bì có thành viên lạ", "The envelope has an unknown member"),
    ("Bỏ thành viên được con trỏ chỉ ra.", "Remove the member the pointer names."),
)
ENVELOPE_BASE64 = _code(
    "envelope-base64",
    ("Chuỗi base64url không chuẩn", "A base64url string is not canonical"),
    (
        "Mã hóa base64url không đệm, không khoảng trắng, bit thừa bằng 0 (RFC 7515 mục 2).",
        "Encode base64url without padding or white space, unused bits zero (RFC 7515 section 2).",
    ),
)
ENVELOPE_SIGNATURES = _code(
    "envelope-signatures",
    ("Số chữ ký ngoài giới hạn", "The number of signatures is outside the limits"),
    (
        "Gửi đủ chữ ký giáo viên, hiệu trưởng, con dấu và không vượt giới hạn nêu trong chi tiết.",
        "Send teacher, principal and seal, and no more than the detail allows.",
    ),
)
HEADER_MEMBER = _code(
    "header-member",
    (
        "Tiêu đề được bảo vệ có thành viên lạ hoặc sai kiểu",
        "The protected header has an unknown or wrongly typed member",
    ),
    ("Chỉ dùng các thành viên nêu trong openapi/envelope.md.", "Use only the members listed in openapi/envelope.md."),
)
HEADER_UNPROTECTED = _code(
    "header-unprotected",
    (
        "Tiêu đề không được bảo vệ chứa thành viên không được phép",
        "The unprotected header holds something that is not allowed there",
    ),
    (
        "Phần header chỉ được chứa etsiU, các phần tử cùng một kiểu và đúng dạng.",
        "The member header may hold only etsiU, with well-formed elements of one kind.",
    ),
)
HEADER_ALGORITHM = _code(
    "header-algorithm",
    ("Thuật toán ký không được phép", "The signature algorithm is not allowed"),
    ("Dùng PS256, ES256 hoặc EdDSA.", "Use PS256, ES256 or EdDSA."),
)
HEADER_ALGORITHM_KEY = _code(
    "header-algorithm-key",
    ("Thuật toán không thuộc về khóa của chứng thư", "The algorithm does not belong to the certificate's key"),
    (
        "Khóa RSA dùng PS256, khóa P-256 dùng ES256, khóa Ed25519 dùng EdDSA.",
        "RSA keys sign PS256, P-256 keys ES256, Ed25519 keys EdDSA.",
    ),
)
HEADER_KEY_INJECTION = _code(
    "header-key-injection",
    ("Tiêu đề tự mang khóa hoặc địa chỉ khóa", "The header brings its own key or the address of one"),
    ("Bỏ jwk, jku và x5u; dùng x5c hoặc x5t#S256.", "Remove jwk, jku and x5u; use x5c or x5t#S256."),
)
HEADER_CRIT = _code(
    "header-crit",
    ("Danh sách crit không hợp lệ", "The crit list is not good"),
    (
        "crit là danh sách không rỗng, không trùng, chỉ nêu tên tiêu đề được bảo vệ mà hệ thống hiểu (prev, sigD, sigT; không b64).",
        "crit is a non-empty list without repeats, naming only protected headers understood here (prev, sigD, sigT; no b64).",
    ),
)
HEADER_CONTENT = _code(
    "header-content",
    ("Kiểu nội dung trong tiêu đề (cty) thiếu hoặc sai", "The content type in the header (cty) is missing or wrong"),
    ("Đặt cty là json.", "Set cty to json."),
)
HEADER_TIME = _code(
    "header-time",
    ("Thời điểm ký thiếu hoặc sai dạng", "The signing time is missing or malformed"),
    (
        "Đặt đúng một trong hai: iat (giây nguyên từ 1970, UTC) hoặc sigT cũ (YYYY-MM-DDTHH:MM:SSZ).",
        "Give exactly one of iat (whole seconds since 1970, UTC) and the legacy sigT (YYYY-MM-DDTHH:MM:SSZ).",
    ),
)
HEADER_CERTIFICATE = _code(
    "header-certificate",
    ("Tiêu đề không chỉ ra chứng thư ký", "The header does not name the signing certificate"),
    ("Gửi x5c (chứng thư ký đứng đầu) hoặc x5t#S256.", "Send x5c (signing certificate first) or x5t#S256."),
)
HEADER_PREV = _code(
    "header-prev",
    (
        "Liên kết prev với chữ ký trước thiếu hoặc thừa",
        "The link prev to the earlier signature is missing or out of place",
    ),
    (
        "Chữ ký đầu không có prev; mỗi chữ ký sau có prev và nêu prev trong crit.",
        "The first signature has no prev; each later one has it and names it in crit.",
    ),
)
HEADER_PREV_MISMATCH = _code(
    "header-prev-mismatch",
    ("Liên kết prev không khớp chữ ký đứng trước", "The link prev does not match the signature before it"),
    ("Ký lại theo đúng thứ tự: giáo viên, hiệu trưởng, con dấu.", "Sign again in order: teacher, principal, seal."),
)
HEADER_SIGD = _code(
    "header-sigd",
    (
        "sigD thiếu, sai dạng hoặc không bao trùm tài liệu và mọi chữ ký trước",
        "sigD is missing, malformed, or does not cover the document and every earlier signature",
    ),
    (
        "Liệt kê document rồi từng chữ ký trước theo thứ tự, cơ chế ObjectIdByURIHash, S256, và nêu sigD trong crit.",
        "List document, then each earlier signature in order, by ObjectIdByURIHash with S256, and name sigD in crit.",
    ),
)
HEADER_SIGD_MISMATCH = _code(
    "header-sigd-mismatch",
    ("Giá trị băm trong sigD không khớp", "A digest in sigD does not match what it names"),
    (
        "Tính SHA-256 trên chuỗi base64url của đúng tài liệu hoặc chữ ký được gửi, rồi ký lại theo thứ tự.",
        "Take SHA-256 over the base64url text of exactly what is sent, then sign again in order.",
    ),
)
SIGNATURE_INVALID = _code(
    "signature-invalid",
    ("Chữ ký không khớp nội dung", "The signature does not match the content"),
    (
        "Nội dung đã đổi sau khi ký hoặc ký bằng khóa khác; xuất và ký lại.",
        "The content changed after signing, or another key signed; export and sign again.",
    ),
)
SIGNATURE_KEY = _code(
    "signature-key",
    ("Khóa ký không đạt yêu cầu", "The signing key is not acceptable"),
    (
        "Dùng RSA 2048–8192 bit (số mũ dưới 2^32), P-256 hoặc Ed25519.",
        "Use RSA of 2048 to 8192 bits (exponent below 2^32), P-256 or Ed25519.",
    ),
)
SIGNATURE_REPEATED = _code(
    "signature-repeated",
    ("Một chứng thư ký hai lần", "One certificate signs twice"),
    ("Mỗi vai trò ký bằng chứng thư riêng.", "Each role signs with a certificate of its own."),
)
SIGNATURE_UNSIGNED = _code(
    "signature-unsigned",
    (
        "Có thuộc tính không được ký mà hệ thống không dựa vào",
        "An unsigned property is present that is not relied upon",
    ),
    ("Không cần làm gì.", "Nothing to do."),
    Effect.WARN,
)

SIGNATURE_COUNTER = _code(
    "signature-counter",
    ("Có chữ ký đối ứng; hệ thống không dựa vào nó", "A counter-signature is present and not relied upon"),
    (
        "Không cần làm gì; người ký sau phải ký cả tài liệu, không chỉ ký giá trị chữ ký.",
        "Nothing to do; a later signer signs the whole document, not a signature value alone.",
    ),
    Effect.WARN,
)

# --- time-stamps (RFC 3161; ETSI EN 319 102-1) ---------------------------------------------------------------------------------

TIME_STAMP_INVALID = _code(
    "time-stamp-invalid",
    ("Dấu thời gian không hợp lệ", "A time-stamp is not valid"),
    (
        "Xin dấu thời gian RFC 3161 cho đúng chữ ký này và đặt lại; hoặc bỏ dấu thời gian đó.",
        "Get an RFC 3161 token over exactly this signature and put it in; or leave that token out.",
    ),
)
TIME_STAMP_ORDER = _code(
    "time-stamp-order",
    (
        "Dấu thời gian trước thời điểm ký hoặc sau lúc nhận",
        "A time-stamp lies before the signing time or after receipt",
    ),
    (
        "Ký trước, xin dấu thời gian sau, rồi mới gửi; kiểm tra đồng hồ máy ký.",
        "Sign first, then get the time-stamp, then send; check the signing machine's clock.",
    ),
)
TIME_STAMP_UNKNOWN = _code(
    "time-stamp-unknown",
    (
        "Dấu thời gian không kiểm được hoặc của tổ chức chưa được tin cậy; hệ thống không dựa vào nó",
        "A time-stamp can't be checked or its authority is not trusted; it is not relied upon",
    ),
    (
        "Dùng tổ chức cấp dấu thời gian thuộc một gốc tin cậy, SHA-256 trở lên, ESSCertIDv2; chi tiết nêu lý do.",
        "Use an authority under a trusted root, SHA-256 or better, ESSCertIDv2; the detail names the reason.",
    ),
    Effect.WARN,
)
TIME_STAMP_REVOKED = _code(
    "time-stamp-revoked",
    (
        "Chứng thư cấp dấu thời gian đã bị thu hồi; hệ thống không dựa vào dấu này",
        "The time-stamping certificate is revoked; the time-stamp is not relied upon",
    ),
    ("Xin dấu thời gian của tổ chức khác.", "Get a time-stamp from another authority."),
    Effect.WARN,
)
TIME_STAMP_UNDECIDED = _code(
    "time-stamp-undecided",
    (
        "Chưa xác định được chứng thư cấp dấu thời gian còn tốt hay không; hệ thống chưa dựa vào dấu này",
        "Whether the time-stamping certificate was good can't be decided now; the time-stamp is not relied upon yet",
    ),
    (
        "Không cần làm gì; đơn vị vận hành cập nhật danh sách thu hồi của tổ chức cấp dấu thời gian.",
        "Nothing to do; the operator brings the authority's revocation list up to date.",
    ),
    Effect.WARN,
)

# --- certificates and paths (RFC 5280) ----------------------------------------------------------------------------------------

CERTIFICATE_MALFORMED = _code(
    "certificate-malformed",
    ("Chứng thư không đọc được", "The certificate can't be read"),
    ("Gửi chứng thư X.509 dạng DER, base64 chuẩn, trong x5c.", "Send DER X.509 in standard base64 in x5c."),
)
CERTIFICATE_SIZE = _code(
    "certificate-size",
    ("Chứng thư quá lớn hoặc quá nhiều chứng thư", "A certificate is too large, or there are too many"),
    (
        "Chỉ gửi chứng thư ký và các chứng thư trung gian của nó.",
        "Send only the signing certificate and its intermediates.",
    ),
)
CERTIFICATE_MISMATCH = _code(
    "certificate-mismatch",
    (
        "x5t#S256 không phải dấu vân tay của chứng thư đầu tiên trong x5c",
        "x5t#S256 is not the fingerprint of the first certificate in x5c",
    ),
    (
        "Tính lại SHA-256 trên dạng DER của chứng thư ký.",
        "Compute SHA-256 over the DER form of the signing certificate.",
    ),
)
CERTIFICATE_PROFILE = _code(
    "certificate-profile",
    ("Chứng thư không đúng chuẩn", "The certificate breaks the profile"),
    (
        "Đề nghị tổ chức chứng thực cấp lại theo RFC 5280; chi tiết nêu điểm sai.",
        "Ask the certification authority for one that follows RFC 5280; the detail names the fault.",
    ),
)
CERTIFICATE_USAGE = _code(
    "certificate-usage",
    ("Chứng thư không dùng để ký tài liệu", "The certificate is not meant for signing documents"),
    (
        "Dùng chứng thư có digitalSignature hoặc nonRepudiation.",
        "Use a certificate with digitalSignature or nonRepudiation.",
    ),
)
CERTIFICATE_PATH = _code(
    "certificate-path",
    ("Không có đường dẫn tin cậy tới gốc quốc gia", "No trusted path to a national root"),
    (
        "Kiểm tra chứng thư có do VGCA hoặc CA công cộng được cấp phép phát hành, và gửi kèm chứng thư trung gian.",
        "Check that VGCA or a licensed public CA issued it, and send the intermediate along.",
    ),
)
CERTIFICATE_POLICY = _code(
    "certificate-policy",
    (
        "Chứng thư không thuộc chính sách chứng thư được yêu cầu",
        "The certificate was not issued under a certificate policy asked for",
    ),
    (
        "Dùng chứng thư được cấp theo chính sách (OID) mà vai trò này yêu cầu.",
        "Use a certificate issued under the policy (OID) that this role asks for.",
    ),
)
CERTIFICATE_NOT_YET = _code(
    "certificate-not-yet",
    ("Thời điểm ký trước khi chứng thư có hiệu lực", "Signed before the certificate was valid"),
    ("Kiểm tra đồng hồ máy ký và ký lại.", "Check the signing machine's clock and sign again."),
)
CERTIFICATE_EXPIRED = _code(
    "certificate-expired",
    ("Thời điểm ký sau khi chứng thư hết hạn", "Signed after the certificate expired"),
    ("Gia hạn chứng thư, đăng ký lại và ký lại.", "Renew the certificate, register it and sign again."),
)
CERTIFICATE_EXPIRED_UNPROVEN = _code(
    "certificate-expired-unproven",
    (
        "Chứng thư đã hết hạn khi nhận; chưa chứng minh được chữ ký có trước đó",
        "The certificate had expired on receipt; nothing proves the signature is older",
    ),
    (
        "Chờ cán bộ xem xét hoặc gửi bản ký lại bằng chứng thư còn hạn.",
        "Wait for a person to decide, or send it signed with a valid certificate.",
    ),
    Effect.HOLD,
)
CERTIFICATE_REVOKED = _code(
    "certificate-revoked",
    ("Chứng thư đã bị thu hồi trước khi ký", "The certificate was revoked before the signature"),
    ("Ký lại bằng chứng thư còn hiệu lực.", "Sign again with a certificate that is in force."),
)
CERTIFICATE_REVOKED_UNPROVEN = _code(
    "certificate-revoked-unproven",
    (
        "Chứng thư bị thu hồi sau thời điểm ký khai báo, chưa chứng minh được chữ ký có trước đó",
        "Revoked after the claimed signing time; nothing proves the signature is older",
    ),
    (
        "Chờ cán bộ xem xét hoặc gửi bản ký lại bằng chứng thư còn hiệu lực.",
        "Wait for a person to decide, or send it signed with a certificate in force.",
    ),
    Effect.HOLD,
)
REVOCATION_UNKNOWN = _code(
    "revocation-unknown",
    ("Chưa có dữ liệu thu hồi còn mới cho chứng thư này", "No fresh revocation data for this certificate"),
    (
        "Không cần gửi lại: hồ sơ được xét lại khi có danh sách thu hồi mới.",
        "No need to send again: it is judged anew when a fresh list arrives.",
    ),
    Effect.HOLD,
)

# --- time, signers, roles -------------------------------------------------------------------------------------------------------

TIME_FUTURE = _code(
    "time-future",
    ("Thời điểm ký nằm trong tương lai", "The signing time lies in the future"),
    ("Chỉnh đồng hồ máy ký và ký lại.", "Set the signing machine's clock and sign again."),
)
TIME_ORDER = _code(
    "time-order",
    ("Thời điểm ký sớm hơn chữ ký đứng trước", "Signed earlier than the signature before it"),
    (
        "Ký lại theo thứ tự giáo viên, hiệu trưởng, con dấu với đồng hồ đúng.",
        "Sign again in the order teacher, principal, seal, with right clocks.",
    ),
)
SIGNER_UNREGISTERED = _code(
    "signer-unregistered",
    (
        "Chứng thư chưa được đăng ký cho người ký hoặc trường",
        "The certificate is not registered for a signer or school",
    ),
    (
        "Đăng ký chứng thư trong cơ sở dữ liệu ngành trước khi ký.",
        "Register the certificate in the sector database before signing.",
    ),
)
SIGNER_PERIOD = _code(
    "signer-period",
    (
        "Đăng ký của người ký không có hiệu lực tại thời điểm ký",
        "The signer's registration was not in force at signing time",
    ),
    (
        "Cập nhật thời hạn đăng ký hoặc ký bằng chứng thư đang đăng ký.",
        "Update the registration or sign with the certificate registered then.",
    ),
)
SIGNER_SCHOOL = _code(
    "signer-school",
    ("Chứng thư được đăng ký cho trường khác", "The certificate is registered for another school"),
    (
        "Ký bằng chứng thư đăng ký cho trường ghi trong học bạ.",
        "Sign with a certificate registered for the school in the transcript.",
    ),
)
SIGNER_ROLE_ORDER = _code(
    "signer-role-order",
    ("Vai trò của người ký không đúng thứ tự", "The signer's role is out of order"),
    (
        "Ký theo thứ tự: giáo viên chủ nhiệm, hiệu trưởng, con dấu nhà trường.",
        "Sign in the order homeroom teacher, principal, school seal.",
    ),
)
SIGNER_ROLE_CLAIMED = _code(
    "signer-role-claimed",
    (
        "Vai trò ghi trong chữ ký khác vai trò đã đăng ký",
        "The role written in the signature is not the one the signer is registered for",
    ),
    (
        "Ghi vai trò nêu trong chi tiết hoặc không ghi vai trò; vai trò có hiệu lực là vai trò đã đăng ký.",
        "Write the role named in the detail, or none; what counts is the registered role.",
    ),
    Effect.WARN,
)
SIGNER_ROLE_MISSING = _code(
    "signer-role-missing",
    ("Thiếu chữ ký của một vai trò bắt buộc", "The signature of a required role is missing"),
    ("Bổ sung chữ ký của vai trò nêu trong chi tiết.", "Add the signature of the role named in the detail."),
)
SIGNER_HIERARCHY = _code(
    "signer-hierarchy",
    (
        "Hệ thống chứng thực hoặc thuật toán không được phép cho vai trò này",
        "This hierarchy or algorithm is not allowed for the role",
    ),
    (
        "Trường công lập: con dấu và hiệu trưởng dùng chứng thư VGCA, giáo viên dùng CA công cộng hoặc VGCA; trường ngoài công lập: CA công cộng.",
        "Public school: seal and principal under the government hierarchy, teachers public or government; non-public: public hierarchy.",
    ),
)
SIGNER_PERSON = _code(
    "signer-person",
    ("Người ký không phải người ghi trong học bạ", "The signer is not the person the transcript names"),
    (
        "Ghi số định danh của người đã ký, hoặc ký bằng chứng thư của người ghi trong học bạ.",
        "Name the person who signed, or sign with the certificate of the person named.",
    ),
)
SIGNER_TIME_STAMP = _code(
    "signer-time-stamp",
    ("Thiếu dấu thời gian bắt buộc", "A required time-stamp is missing"),
    (
        "Gắn dấu thời gian RFC 3161 hợp lệ vào chữ ký của vai trò nêu trong chi tiết.",
        "Put a valid RFC 3161 time-stamp on the signature of the role in the detail.",
    ),
)
SIGNER_TIME_STAMP_OPEN = _code(
    "signer-time-stamp-open",
    ("Chưa xác định được dấu thời gian bắt buộc", "A required time-stamp can't be decided yet"),
    (
        "Chưa cần làm gì: hồ sơ được xét lại khi có dữ liệu thu hồi của nơi cấp dấu thời gian.",
        "Nothing to do yet: it is judged again when revocation data of the time-stamping authority arrives.",
    ),
    Effect.HOLD,
)
POLICY_EMPTY = _code(
    "policy-empty",
    ("Chưa có chính sách chữ ký cho trường hợp này", "No signature policy covers this case"),
    ("Đơn vị vận hành phải nạp chính sách; sau đó gửi lại.", "The operator has to load a policy; then send again."),
)

# --- the transcript's fields ------------------------------------------------------------------------------------------------------

FIELD_UNKNOWN = _code(
    "field-unknown",
    ("Trường dữ liệu lạ hoặc sai chữ hoa chữ thường", "An unknown or wrongly cased field"),
    ("Dùng đúng tên trường đã công bố (chữ thường).", "Use the published field names, in lower case."),
)
FIELD_MISSING = _code(
    "field-missing",
    ("Thiếu trường bắt buộc", "A required field is missing"),
    ("Bổ sung trường được con trỏ chỉ ra.", "Add the field the pointer names."),
)
FIELD_TYPE = _code(
    "field-type",
    ("Giá trị sai kiểu", "The value has the wrong type"),
    ("Gửi đúng kiểu nêu trong chi tiết.", "Send the type named in the detail."),
)
FIELD_LENGTH = _code(
    "field-length",
    ("Giá trị quá dài", "The value is too long"),
    ("Rút ngắn trong giới hạn nêu trong chi tiết.", "Keep within the limit in the detail."),
)
FIELD_EMPTY = _code(
    "field-empty",
    ("Trường bắt buộc để trống", "A required field is empty"),
    ("Điền giá trị cho trường được con trỏ chỉ ra.", "Give the field the pointer names a value."),
)
FIELD_FORMAT = _code(
    "field-format",
    ("Giá trị sai dạng", "The value has the wrong form"),
    ("Viết theo dạng nêu trong chi tiết.", "Write it in the form named in the detail."),
)
FIELD_CODE = _code(
    "field-code",
    ("Giá trị không có trong danh mục mã", "The value is not in the code list"),
    ("Dùng một mã trong danh mục đã công bố.", "Use a code of the published list."),
)
BIRTH_DATE_MISSING = _code(
    "birth-date-missing",
    ("Thiếu ngày sinh", "The birth date is missing"),
    (
        "Gửi đúng một trong ba: ngày đầy đủ, tháng-năm hoặc năm sinh.",
        "Send exactly one of full date, month-year and year.",
    ),
)
BIRTH_DATE_CONFLICT = _code(
    "birth-date-conflict",
    ("Các trường ngày sinh mâu thuẫn nhau", "The birth date fields contradict each other"),
    (
        "Chỉ gửi một trong ba dạng ngày sinh, hoặc làm cho chúng khớp nhau.",
        "Send one of the three forms, or make them agree.",
    ),
)
SCHOOL_UNKNOWN = _code(
    "school-unknown",
    ("Mã trường không có trong danh mục của thành phố", "The school code is not in the city's list"),
    (
        "Kiểm tra mã trường; trường mới phải được đăng ký trước.",
        "Check the school code; a new school has to be registered first.",
    ),
)
TRANSCRIPT_YEAR = _code(
    "transcript-year",
    ("Năm học không hợp lệ", "The school year is not good"),
    (
        "Viết YYYY-YYYY với hai năm liền nhau, không sau năm học hiện tại.",
        "Write YYYY-YYYY with consecutive years, not after the current school year.",
    ),
)
TRANSCRIPT_GRADE = _code(
    "transcript-grade",
    ("Khối lớp không thuộc cấp học", "The grade does not belong to the level"),
    ("Tiểu học 1–5, THCS 6–9, THPT 10–12.", "Primary 1 to 5, lower secondary 6 to 9, upper secondary 10 to 12."),
)
TRANSCRIPT_STATE = _code(
    "transcript-state",
    ("Trạng thái học bạ không nhận ở đây", "This transcript state is not taken here"),
    ("Nộp học bạ với trạng thái 1 (có hiệu lực).", "Submit with state 1 (in force)."),
)
CODE_NAME = _code(
    "code-name",
    ("Tên môn học không phải tên của mã môn học", "The name is none of those the subject's code stands for"),
    ("Kiểm tra mã môn học; hệ thống tính theo mã.", "Check the subject's code: that is what counts."),
    Effect.WARN,
)
CODE_UNLISTED = _code(
    "code-unlisted",
    ("Mã không có trong danh mục của hệ thống", "A code that the registry's list does not have"),
    (
        "Kiểm tra mã dân tộc; nếu đúng thì danh mục của hệ thống sẽ được bổ sung, không cần nộp lại.",
        "Check the people's code; where it is right the registry's list will be completed, and nothing has to be sent again.",
    ),
    Effect.WARN,
)
CODE_DATE = _code(
    "code-date",
    ("Mã không có hiệu lực vào ngày phát hành", "The code was not in force on the day of issue"),
    (
        "Dùng mã có hiệu lực vào ngày phát hành theo danh mục mã đã công bố.",
        "Use a code that the published code lists have in force on the day of issue.",
    ),
    Effect.WARN,
)
VERSION_REASON = _code(
    "version-reason",
    ("Thiếu hoặc sai lý do lập phiên bản", "The reason for this version is missing or out of place"),
    (
        "Từ phiên bản 2 ghi lydophienban; với lý do 1, 3, 4 ghi thêm noidunglydo; phiên bản 1 không ghi.",
        "From version 2 on give lydophienban, with 1, 3 and 4 also noidunglydo; not with version 1.",
    ),
)
ENTRY_DOCUMENT = _code(
    "entry-document",
    (
        "Giấy tờ xuất nhập cảnh chỉ dùng cho học sinh nước ngoài",
        "An entry document is for pupils of other nationalities",
    ),
    (
        "Bỏ sogiaytoxnc hoặc sửa quốc tịch; học sinh Việt Nam dùng số định danh cá nhân.",
        "Leave sogiaytoxnc out or mend quoctich; a Vietnamese pupil has a personal number.",
    ),
)
TRANSCRIPT_DATES = _code(
    "transcript-dates",
    ("Ngày tạo hoặc ngày phát hành mâu thuẫn", "The dates of making and issue contradict each other"),
    ("Ngày phát hành không được trước ngày tạo.", "The issue date must not be before the making date."),
)

# --- personal number (NĐ 137/2015 art. 13; TT 07/2016 annexes) -------------------------------------------------------------------------

NUMBER_ABSENT = _code(
    "number-absent",
    ("Học sinh chưa có số định danh cá nhân", "The pupil has no personal number yet"),
    (
        "Hồ sơ được giữ, chờ định danh; nhà trường bổ sung số cho học sinh.",
        "It is kept, waiting for the number; the school has to obtain one for the pupil.",
    ),
    Effect.HOLD,
)
NUMBER_SHAPE = _code(
    "number-shape",
    ("Số định danh không phải 12 chữ số", "The personal number is not 12 digits"),
    ("Gửi đủ 12 chữ số 0–9 dạng chuỗi, giữ số 0 ở đầu.", "Send 12 digits 0 to 9 as text, keeping the leading zero."),
)
NUMBER_PLACE = _code(
    "number-place",
    ("Ba số đầu không phải mã tỉnh hoặc mã nước", "The first three digits are no province or country code"),
    (
        "Đối chiếu số với giấy khai sinh hoặc thẻ căn cước.",
        "Compare the number with the birth certificate or identity card.",
    ),
)
NUMBER_SEX = _code(
    "number-sex",
    (
        "Chữ số thế kỷ-giới tính không khớp giới tính hoặc thế kỷ sinh",
        "The century-and-sex digit does not match the declared sex or century",
    ),
    (
        "Đối chiếu số, giới tính và năm sinh với giấy khai sinh.",
        "Compare number, sex and birth year with the birth certificate.",
    ),
)
NUMBER_YEAR = _code(
    "number-year",
    ("Hai số năm sinh không khớp năm sinh khai báo", "The year digits do not match the declared birth year"),
    ("Đối chiếu số và ngày sinh với giấy khai sinh.", "Compare number and birth date with the birth certificate."),
)

# --- rules of the circulars ----------------------------------------------------------------------------------------------------------------

RULE_CIRCULAR = _code(
    "rule-circular",
    (
        "Thông tư không áp dụng cho khối lớp và năm học này",
        "The circular was not in force for this grade and school year",
    ),
    (
        "Ghi thông tư áp dụng: TT 27/2020 (tiểu học) hoặc TT 22/2021 (trung học).",
        "Name the circular in force: 27/2020 (primary) or 22/2021 (secondary).",
    ),
)
RULE_MARK_SCALE = _code(
    "rule-mark-scale",
    ("Điểm ngoài thang điểm 10", "A mark outside the scale of 10"),
    (
        "Điểm từ 0 đến 10; tiểu học không có phần thập phân, trung học tối đa một chữ số.",
        "Marks run from 0 to 10; whole in primary, one decimal at most in secondary.",
    ),
)
RULE_MARK_KIND = _code(
    "rule-mark-kind",
    ("Hình thức đánh giá không đúng với môn học", "The kind of assessment does not fit the subject"),
    (
        "Môn cho điểm ghi điểm số; môn nhận xét ghi Đ hoặc CĐ.",
        "Scored subjects carry numbers; comment-assessed ones Đ or CĐ.",
    ),
)
RULE_MARK_MISSING = _code(
    "rule-mark-missing",
    ("Thiếu điểm hoặc mức đạt được của môn học", "A subject lacks its mark or level"),
    ("Bổ sung giá trị được con trỏ chỉ ra, hoặc M nếu được miễn.", "Add the value the pointer names, or M if exempt."),
)
RULE_LEVEL = _code(
    "rule-level",
    ("Mức đánh giá không có trong thông tư", "A level the circular does not know"),
    ("Dùng các chữ nêu trong chi tiết.", "Use the letters named in the detail."),
)
RULE_SUBJECT = _code(
    "rule-subject",
    ("Môn học lặp lại", "A subject is repeated"),
    ("Mỗi môn một dòng.", "One row per subject."),
)
RULE_SUBJECT_PARTS = _code(
    "rule-subject-parts",
    ("Môn ghép ghi cả chung lẫn riêng từng phần", "A combined subject is given both whole and in parts"),
    ("Ghi chung một dòng, hoặc ghi riêng từng phần.", "Give it in one row, or in one row for each part."),
    Effect.WARN,
)
RULE_SUBJECT_GRADE = _code(
    "rule-subject-grade",
    ("Môn học không thuộc chương trình của khối lớp", "The subject is not in the programme of this grade"),
    ("Kiểm tra mã môn học theo chương trình của khối lớp.", "Check the subject's code against the grade's programme."),
    Effect.WARN,
)
RULE_SUBJECT_MISSING = _code(
    "rule-subject-missing",
    ("Thiếu môn học bắt buộc hoặc môn lựa chọn", "A compulsory subject or an elective is missing"),
    ("Bổ sung môn nêu trong chi tiết, nếu học sinh có học.", "Add the subject named in the detail, if it was taught."),
    Effect.WARN,
)
RULE_YEAR_AVERAGE = _code(
    "rule-year-average",
    ("Điểm cả năm không đúng công thức", "The year's average does not follow the formula"),
    (
        "ĐTBmcn = (HKI + 2 × HKII) / 3, làm tròn một chữ số (TT 22/2021 điều 9).",
        "Year = (term 1 + 2 × term 2) / 3, rounded half up to one digit (circular 22/2021 art. 9).",
    ),
)
RULE_CONDUCT_YEAR = _code(
    "rule-conduct-year",
    ("Kết quả rèn luyện cả năm không đúng bảng", "The year's conduct result does not follow the table"),
    ("Tính lại theo TT 22/2021 điều 8.", "Recompute by circular 22/2021 art. 8."),
)
RULE_RESULT = _code(
    "rule-result",
    ("Kết quả xếp loại không khớp các mức đánh giá", "The overall result does not follow from the assessments"),
    (
        "Tính lại kết quả theo TT 27/2020 điều 9 hoặc TT 22/2021 điều 9.",
        "Recompute by circular 27/2020 art. 9 or 22/2021 art. 9.",
    ),
)
RULE_CIRCULAR_UNSURE = _code(
    "rule-circular-unsure",
    ("Chưa chắc thông tư này áp dụng cho khối lớp và năm học", "It is not certain that the circular was in force"),
    ("Kiểm tra thông tư mà trường đã áp dụng trong năm học.", "Check which circular the school followed that year."),
    Effect.WARN,
)
RULE_MARK_DECIMAL = _code(
    "rule-mark-decimal",
    ("Điểm kiểm tra tiểu học có phần thập phân", "A primary test mark has a decimal"),
    ("Điểm kiểm tra định kỳ ở tiểu học là số nguyên.", "Test marks in primary school are whole numbers."),
    Effect.WARN,
)
RULE_TEST_MISSING = _code(
    "rule-test-missing",
    ("Thiếu điểm kiểm tra môn Khoa học", "Khoa học has no test mark"),
    ("Bổ sung điểm kiểm tra cuối năm nếu có.", "Add the mark of the end-of-year test, if there was one."),
    Effect.WARN,
)
RULE_COMMENT_YEAR = _code(
    "rule-comment-year",
    ("Kết quả cả năm của môn nhận xét khác học kỳ II", "A comment-assessed subject's year differs from term 2"),
    ("Kết quả cả năm lấy theo học kỳ II.", "The result of the year is that of term 2."),
    Effect.WARN,
)
RULE_RESULT_LIBERAL = _code(
    "rule-result-liberal",
    ("Kết quả học tập theo cách hiểu rộng của khoản 3 Điều 9", "The result follows a liberal reading of art. 9.3"),
    (
        "Kiểm tra lại việc điều chỉnh mức; kết quả được nhận.",
        "Check the adjustment of the level; the result is accepted.",
    ),
    Effect.WARN,
)
RULE_PROMOTION = _code(
    "rule-promotion",
    ("Lên lớp không khớp điều kiện của thông tư", "Promotion does not follow from the circular's conditions"),
    (
        "Sửa duoclenlop theo kết quả cuối cùng (TT 27/2020 điều 11, TT 22/2021 điều 12).",
        "Mend duoclenlop by the final results (circular 27/2020 art. 11, 22/2021 art. 12).",
    ),
)
RULE_PROMOTION_OPEN = _code(
    "rule-promotion-open",
    ("Đủ điều kiện nhưng không được lên lớp", "All conditions are met, yet the pupil is not promoted"),
    ("Kiểm tra duoclenlop và nội dung quyết định.", "Check duoclenlop and what was decided."),
    Effect.WARN,
)
RULE_PROMOTION_DECISION = _code(
    "rule-promotion-decision",
    ("Lên lớp theo quyết định của hiệu trưởng nhưng không có nội dung", "Promoted by the principal without a text"),
    ("Ghi nội dung quyết định vào ndunghoanthanh.", "Write what was decided into ndunghoanthanh."),
    Effect.WARN,
)
RULE_COMPLETION = _code(
    "rule-completion",
    ("Hoàn thành chương trình không khớp kết quả", "Completion does not follow from the result"),
    ("Sửa dahthanhctrinhlophoc hoặc dahthanhctrinhtieuhoc.", "Mend dahthanhctrinhlophoc or dahthanhctrinhtieuhoc."),
)
RULE_COMPLETION_OPEN = _code(
    "rule-completion-open",
    ("Chưa đủ điều kiện nhưng ghi đã hoàn thành chương trình", "Said to be completed, yet the conditions are not met"),
    (
        "Kiểm tra kết quả sau đánh giá lại và nội dung hoàn thành chương trình.",
        "Check the results after re-assessment, and what is said about completion.",
    ),
    Effect.WARN,
)
RULE_SUMMER_TRAINING = _code(
    "rule-summer-training",
    ("Có kết quả rèn luyện trong hè nhưng không phải rèn luyện lại", "A result of summer training without need for it"),
    ("Chỉ ghi renluyenlai khi rèn luyện cả năm là CĐ.", "Give renluyenlai only when conduct of the year is CĐ."),
)
RULE_RETAKE = _code(
    "rule-retake",
    ("Có kết quả kiểm tra lại nhưng không phải đánh giá lại", "A result of re-assessment without need for it"),
    (
        "Chỉ ghi diemkttralai, kqhoctaplai khi học tập cả năm là CĐ.",
        "Give diemkttralai and kqhoctaplai only when learning of the year is CĐ.",
    ),
)
RULE_RETAKE_UNUSUAL = _code(
    "rule-retake-unusual",
    ("Kiểm tra lại trong trường hợp ít gặp", "An unusual re-assessment"),
    ("Kiểm tra môn được đánh giá lại và kết quả rèn luyện.", "Check the subject and the conduct of the year."),
    Effect.WARN,
)
RULE_RETAKE_RESULT = _code(
    "rule-retake-result",
    ("Kết quả học tập sau đánh giá lại không khớp", "The result after re-assessment does not follow from the marks"),
    ("Tính lại kqhoctaplai với điểm kiểm tra lại.", "Recompute kqhoctaplai with the retaken marks."),
    Effect.WARN,
)
RULE_EXEMPT = _code(
    "rule-exempt",
    ("Ghi miễn (M) nhưng môn có điểm, hoặc ngược lại", "Exempt (M), yet the same subject has marks, or the reverse"),
    (
        "M nghĩa là học sinh được miễn môn học: sửa M hoặc điểm của môn đó.",
        "M says that the pupil is exempt from the subject: mend M or the subject's marks.",
    ),
)
RULE_ONE_TERM = _code(
    "rule-one-term",
    (
        "Môn chỉ có điểm một học kỳ, kết quả cả năm khác học kỳ đó",
        "Marks of one term alone, and the year is not that term's",
    ),
    ("Kiểm tra kết quả cả năm của môn.", "Check the subject's result of the year."),
    Effect.WARN,
)
RULE_TERM_MISSING = _code(
    "rule-term-missing",
    ("Không môn nào có điểm học kỳ I", "No subject has a mark of term 1"),
    (
        "Bổ sung điểm học kỳ I, trừ khi học sinh vào học từ học kỳ II.",
        "Add the marks of term 1, unless the pupil came with term 2.",
    ),
    Effect.WARN,
)
RULE_ELECTIVES = _code(
    "rule-electives",
    ("Nhiều hơn bốn môn lựa chọn", "More than four electives"),
    ("Kiểm tra các môn lựa chọn của học sinh.", "Check which electives the pupil takes."),
    Effect.WARN,
)
RULE_COMPETENCY_MISSING = _code(
    "rule-competency-missing",
    ("Thiếu năng lực công nghệ hoặc tin học từ lớp 3", "No competency in technology or informatics from grade 3 on"),
    ("Bổ sung mức của năng lực nêu trong chi tiết.", "Add the level of the competency at the pointer."),
    Effect.WARN,
)
RULE_AWARD = _code(
    "rule-award",
    ("Danh hiệu khen thưởng không khớp kết quả", "The award does not follow from the results"),
    ("Kiểm tra danh hiệu trong ndungkhenthuong.", "Check the title in ndungkhenthuong."),
    Effect.WARN,
)

# --- the record -------------------------------------------------------------------------------------------------------------------------------

RECORD_VERSION = _code(
    "record-version",
    ("Phiên bản này đã có với nội dung khác", "This version is already on record with other content"),
    (
        "Tăng số phiên bản khi đính chính; không dùng lại phiên bản cũ.",
        "Raise the version for a correction; never reuse one.",
    ),
)
RECORD_CODE = _code(
    "record-code",
    (
        "Mã định danh học bạ không khớp hồ sơ đã có của học sinh",
        "The transcript code does not match the pupil's record",
    ),
    ("Giữ nguyên mã định danh học bạ cho mọi phiên bản.", "Keep one transcript code for all versions."),
)
RECORD_DECISION = _code(
    "record-decision",
    ("Cần cán bộ xem xét trước khi nhận", "A person has to decide before this is accepted"),
    ("Không cần gửi lại; theo dõi trạng thái lần gửi.", "No need to send again; follow the submission's state."),
    Effect.HOLD,
)

VERSION_APPROVAL = _code(
    "version-approval",
    ("Thay đổi này cần Sở phê duyệt", "This change needs the city's approval"),
    (
        "Không cần gửi lại; Sở sẽ phê duyệt hoặc từ chối, theo dõi trạng thái lần gửi.",
        "No need to send again: the city approves or rejects it; follow the submission's state.",
    ),
    Effect.HOLD,
)
VERSION_NOT_APPROVED = _code(
    "version-not-approved",
    ("Sở không phê duyệt thay đổi này", "The city has rejected this change"),
    (
        "Liên hệ Sở về lý do; nếu vẫn cần đính chính, lập và ký văn bản mới.",
        "Ask the city for the reason; if the change is still needed, make and sign a new document.",
    ),
)
WITHDRAWAL_UNKNOWN = _code(
    "withdrawal-unknown",
    ("Phiên bản cần thu hồi chưa có trong hệ thống", "The version to be withdrawn is not on record yet"),
    (
        "Không cần gửi lại nếu phiên bản sẽ đến sau; nếu mã hoặc phiên bản sai, lập văn bản thu hồi mới.",
        "No need to send again if the version is still to come; if code or version are wrong, make a new statement.",
    ),
    Effect.HOLD,
)
WITHDRAWAL_RECORD = _code(
    "withdrawal-record",
    ("Văn bản thu hồi không khớp học bạ đã lưu", "The withdrawal does not fit the record"),
    (
        "Ghi năm học và cấp học đúng như trong học bạ bị thu hồi.",
        "State the school year and level of the transcript that is withdrawn.",
    ),
)
WITHDRAWAL_VERSION = _code(
    "withdrawal-version",
    ("Phiên bản này đã được thu hồi bằng văn bản khác", "This version has been withdrawn by another statement"),
    (
        "Không cần làm gì: phiên bản đã hết hiệu lực. Không lập hai văn bản thu hồi cho một phiên bản.",
        "Nothing to do: the version no longer counts. Make one statement of withdrawal per version.",
    ),
)
APPROVAL_UNKNOWN = _code(
    "approval-unknown",
    ("Không có thay đổi nào chờ phê duyệt với mã này", "Nothing with this id waits for approval"),
    ("Xem danh sách đang chờ (GET /v1/approvals).", "See what waits (GET /v1/approvals)."),
    kind=Kind.NOT_FOUND,
)
APPROVAL_DECIDED = _code(
    "approval-decided",
    ("Thay đổi này đã được quyết định", "This change has been decided on already"),
    ("Một quyết định không thay đổi được nữa.", "A decision is not changed any more."),
    kind=Kind.CONFLICT,
)
APPROVAL_FOUR_EYES = _code(
    "approval-four-eyes",
    ("Bên gửi không được tự phê duyệt", "Who submitted a change may not approve it"),
    ("Đề nghị một cán bộ khác quyết định.", "Have somebody else decide."),
    kind=Kind.FORBIDDEN,
)
YEAR_FROZEN = _code(
    "year-frozen",
    ("Năm học này đã được chốt", "This school year is frozen already"),
    ("Việc chốt năm học không lặp lại được.", "A school year is frozen once."),
    kind=Kind.CONFLICT,
)
RECORD_UNKNOWN = _code(
    "record-unknown",
    ("Không có học bạ này trong phạm vi của bạn", "No such record within your scope"),
    (
        "Kiểm tra mã định danh học bạ và phiên bản; chỉ xem được học bạ của các trường trong phạm vi.",
        "Check the transcript code and version; only records of your own schools are shown.",
    ),
    kind=Kind.NOT_FOUND,
)
RECORD_DECIDED = _code(
    "record-decided",
    ("Cán bộ đã xem xét và không nhận học bạ này", "A person has looked at this transcript and decided against it"),
    (
        "Kiểm tra số định danh, mã học sinh và mã học bạ với nhà trường, rồi ký và gửi lại nội dung đúng.",
        "Check personal number, pupil code and transcript code with the school, then sign and send what is right.",
    ),
)

# --- pupils: what an operator decides about them ----------------------------------------------------------------------------------------------

PUPIL_UNKNOWN = _code(
    "pupil-unknown",
    ("Không có học sinh này trong phạm vi của người gọi", "No such pupil within the caller's units"),
    ("Kiểm tra số định danh hoặc mã học sinh.", "Check the personal number or the pupil code."),
    kind=Kind.NOT_FOUND,
)
PUPIL_NUMBER_TAKEN = _code(
    "pupil-number-taken",
    ("Số định danh mới đang thuộc về học sinh khác", "The new personal number belongs to another pupil"),
    (
        "Đối chiếu quyết định; nếu là một học sinh thì gộp hai hồ sơ trước.",
        "Compare with the decision; if both are one pupil, merge them first.",
    ),
    kind=Kind.CONFLICT,
)
PUPIL_RENUMBERED = _code(
    "pupil-renumbered",
    ("Số định danh cũ đã được thay bằng số khác", "The old personal number has been replaced by another one already"),
    ("Dùng số định danh hiện hành của học sinh làm số cũ.", "Give the pupil's present number as the old one."),
    kind=Kind.CONFLICT,
)
PUPIL_MERGED = _code(
    "pupil-merged",
    ("Các hồ sơ học sinh không ở trạng thái cho phép thao tác này", "These pupils are merged already, or not any more"),
    (
        "Xem danh sách gộp: mỗi hồ sơ chỉ gộp một lần, mỗi lần gộp chỉ hoàn tác một lần.",
        "See the list of merges: a pupil is merged away once at a time, and a merge is undone once.",
    ),
    kind=Kind.CONFLICT,
)
PUPIL_COLLISION = _code(
    "pupil-collision",
    (
        "Cả hai hồ sơ đều có học bạ của cùng năm học và cấp học",
        "Both pupils have a record of the same school year and level",
    ),
    (
        "Thu hồi hoặc xem xét học bạ của năm học nêu trong chi tiết trước khi gộp.",
        "Look at the records of the years in the details; these pupils may be two children.",
    ),
    kind=Kind.CONFLICT,
)
CASE_UNKNOWN = _code(
    "case-unknown",
    ("Không có học bạ nào chờ xem xét với mã này", "Nothing with this id waits for a person"),
    ("Xem danh sách các trường hợp đang chờ.", "See the list of cases that wait."),
    kind=Kind.NOT_FOUND,
)
CASE_DECISION = _code(
    "case-decision",
    ("Quyết định không phù hợp với loại trường hợp này", "This decision does not fit this kind of case"),
    ("Chọn quyết định nêu trong chi tiết.", "Choose what the detail names."),
    kind=Kind.CONFLICT,
)

# --- rosters, completeness, verification ---------------------------------------------------------------------------------------------------------

ROSTER_SHAPE = _code(
    "roster-shape",
    ("Danh sách học sinh sai cấu trúc", "The roster has the wrong shape"),
    ("Dùng đúng các cột nêu trong chi tiết.", "Use exactly the columns named in the detail."),
)
ROSTER_ROW = _code(
    "roster-row",
    ("Một dòng trong danh sách không đúng", "A row of the roster is wrong"),
    ("Sửa ô được con trỏ chỉ ra; chưa có gì được ghi.", "Mend the cell the pointer names; nothing was written."),
)
ROSTER_COUNT = _code(
    "roster-count",
    ("Số học sinh không khớp tổng khai báo", "The number of pupils differs from the declared total"),
    ("Kiểm tra danh sách hoặc tổng; chưa có gì được ghi.", "Check the list or the total; nothing was written."),
)
REGISTER_ROW = _code(
    "register-row",
    ("Một dòng đăng ký người ký không đúng", "A row of the list of signers is wrong"),
    ("Sửa ô được con trỏ chỉ ra; chưa có gì được ghi.", "Mend the cell the pointer names; nothing was written."),
)
REGISTER_HOLDER = _code(
    "register-holder",
    ("Chứng thư thuộc về người hoặc tổ chức khác", "The certificate belongs to another person or organisation"),
    (
        "Đối chiếu số định danh hoặc mã số thuế khai báo với chứng thư; chưa có gì được ghi.",
        "Compare the declared number or tax code with the certificate; nothing was written.",
    ),
)
REGISTER_UNKNOWN = _code(
    "register-unknown",
    ("Không có đăng ký người ký này", "No such registration of a signer"),
    (
        "Xem danh sách đăng ký của trường; chỉ đóng được đăng ký đang có.",
        "See the school's list; only a registration that is there can be closed.",
    ),
    kind=Kind.NOT_FOUND,
)
REGISTER_POLICY = _code(
    "register-policy",
    ("Phiên bản chính sách này đã có với nội dung khác", "This policy version is there with other rows"),
    (
        "Đặt tên phiên bản mới; phiên bản đã nạp không bao giờ thay đổi.",
        "Give it a new version name; an imported version never changes.",
    ),
    kind=Kind.CONFLICT,
)
VERIFICATION_QUESTION = _code(
    "verification-question",
    ("Câu hỏi xác thực không rõ", "The verification question is not clear"),
    (
        "Hỏi đúng một cách: mã học bạ, SHA-256 của tài liệu, chính tài liệu, số định danh kèm năm học, hoặc mã học sinh; luôn nêu mục đích.",
        "Ask in exactly one way: transcript code, SHA-256 of the document, the document itself, personal number with school year, or pupil code; always with a purpose.",
    ),
    kind=Kind.REQUEST,
)

# --- batches of questions -----------------------------------------------------------------------------------------------

BATCH_FILE = _code(
    "batch-file",
    ("Không đọc được tệp câu hỏi", "The file of questions can't be read"),
    (
        "Gửi NDJSON mã hoá UTF-8 (mỗi dòng một câu hỏi) hoặc một tệp XLSX theo mẫu nêu trong openapi/verification.md.",
        "Send NDJSON in UTF-8 (one question a line) or an XLSX file as openapi/verification.md describes.",
    ),
    kind=Kind.REQUEST,
)
BATCH_SIZE = _code(
    "batch-size",
    ("Số câu hỏi trong tệp không được nhận", "A file of so many questions is not taken"),
    ("Chia danh sách thành nhiều tệp trong giới hạn đã nêu.", "Split the list into files within the limit named."),
    kind=Kind.REQUEST,
)
BATCH_ROW = _code(
    "batch-row",
    (
        "Có dòng không đúng trong tệp câu hỏi; chưa nhận câu hỏi nào",
        "Rows of the file are wrong; no question was taken",
    ),
    ("Sửa các dòng được chỉ ra rồi gửi lại cả tệp.", "Mend the rows that are named, then send the whole file again."),
    kind=Kind.REQUEST,
)
BATCH_KEY = _code(
    "batch-key",
    ("Khoá chống trùng này đã dùng cho tệp khác", "This idempotency key was used for another file"),
    (
        "Dùng khoá mới cho tệp mới; gửi lại tệp cũ thì giữ nguyên khoá và nội dung.",
        "Take a new key for a new file; to send a file again, keep both its key and its bytes.",
    ),
    kind=Kind.CONFLICT,
)
BATCH_MANY = _code(
    "batch-many",
    ("Còn quá nhiều tệp câu hỏi chưa xong", "Too many batches are not finished"),
    (
        "Đợi một tệp xong, hoặc xoá một tệp, rồi gửi lại.",
        "Wait until one is finished, or delete one, then send the file again.",
    ),
    kind=Kind.TOO_MANY,
)
BATCH_UNKNOWN = _code(
    "batch-unknown",
    ("Không có tệp câu hỏi này", "There is no such batch"),
    ("Dùng địa chỉ đã nhận khi gửi tệp.", "Use the address that was answered when the file was sent."),
    kind=Kind.NOT_FOUND,
)
BATCH_UNFINISHED = _code(
    "batch-unfinished",
    ("Các câu hỏi chưa được trả lời hết", "The questions are not all answered yet"),
    (
        "Hỏi lại trạng thái sau số giây trong Retry-After.",
        "Ask for the state again after the seconds in Retry-After.",
    ),
    kind=Kind.CONFLICT,
)
BATCH_EXPIRED = _code(
    "batch-expired",
    ("Kết quả đã bị xoá sau thời hạn lưu", "The result was deleted when its time was over"),
    ("Gửi lại tệp câu hỏi với khoá chống trùng mới.", "Send the questions again, with a new idempotency key."),
    kind=Kind.NOT_FOUND,
)

# --- units in time, campaigns and buckets ----------------------------------------------------------------------------

CAMPAIGN_UNKNOWN = _code(
    "campaign-unknown",
    ("Không có đợt triển khai này", "There is no such campaign"),
    (
        "Xem danh sách đợt triển khai của đơn vị mình tại /v1/campaigns.",
        "See the campaigns of your own units at /v1/campaigns.",
    ),
    kind=Kind.NOT_FOUND,
)
CAMPAIGN_EXISTS = _code(
    "campaign-exists",
    ("Mã đợt triển khai đã được dùng", "The code of the campaign is taken"),
    (
        "Đặt mã khác; đợt đã lập không sửa được, chỉ dời được hạn của từng bước.",
        "Choose another code; a campaign never changes, only the deadlines of its stages can be moved.",
    ),
    kind=Kind.CONFLICT,
)
CAMPAIGN_SHAPE = _code(
    "campaign-shape",
    ("Đợt triển khai khai báo chưa đúng", "The campaign is not described rightly"),
    (
        "Sửa các phần được con trỏ chỉ ra: năm học, khối lớp, đơn vị, hạn của từng bước.",
        "Mend what the pointers name: school year, grades, units, a day for each stage.",
    ),
)

# --- rosters in other shapes, and the missing-number workbench -------------------------------------------------------

ROSTER_NUMBER_ZERO = _code(
    "roster-number-zero",
    ("Số định danh mất số 0 ở đầu", "The personal number lost its leading zero"),
    (
        "Định dạng cột là Văn bản (Text) rồi lấy lại đủ 12 chữ số từ nguồn; hệ thống không tự thêm số 0.",
        "Format the column as text and take all 12 digits from the source again; nothing adds the zero by itself.",
    ),
)
ROSTER_NUMBER_ROUNDED = _code(
    "roster-number-rounded",
    ("Số định danh bị bảng tính làm tròn", "The spreadsheet rounded the personal number"),
    (
        "Định dạng cột là Văn bản (Text) rồi lấy lại đủ 12 chữ số từ nguồn; các chữ số đã mất không khôi phục được.",
        "Format the column as text and take all 12 digits from the source again; the lost digits can't be restored.",
    ),
)
ROSTER_SHRINKS = _code(
    "roster-shrinks",
    ("Danh sách mới thiếu quá nhiều học sinh", "Too many pupils would leave the roster"),
    (
        "Kiểm tra tệp có đủ không; nếu đúng là các em đã rời trường, nhập lại kèm xác nhận. Chưa có gì được ghi.",
        "Check that the file is whole; if the pupils have really left, import it again and say so. Nothing was written.",
    ),
    kind=Kind.CONFLICT,
)

NUMBER_SUPPLIED = _code(
    "number-supplied",
    ("Số định danh được bổ sung sau khi ký", "The personal number was supplied after signing"),
    (
        "Không cần làm gì: số do công an trả về, hoặc trường bổ sung vào danh sách sau đó, đã được gắn với học sinh; tài liệu đã ký giữ nguyên.",
        "Nothing to do: the number that the police gave, or that the roster has had since, is the pupil's now; what was signed stays as it is.",
    ),
    Effect.WARN,
)
NUMBERS_SHAPE = _code(
    "numbers-shape",
    ("Tệp số định danh sai cấu trúc", "The file of numbers has the wrong shape"),
    (
        "Dùng tệp đã xuất và điền cột số định danh, hoặc tệp CSV, XLSX có các cột được nêu. Chưa có gì được ghi.",
        "Fill in the file that was exported, or send CSV or XLSX with the columns named. Nothing was written.",
    ),
)
NUMBERS_ROW = _code(
    "numbers-row",
    ("Tệp số định danh có dòng sai", "Rows of the file of numbers are wrong"),
    (
        "Sửa các ô được nêu rồi nhập lại, hoặc nhập kèm lựa chọn bỏ qua dòng sai. Chưa có gì được ghi.",
        "Mend the cells named and import it again, or say that wrong rows are to be left out. Nothing was written.",
    ),
)
NUMBER_TAKEN = _code(
    "number-taken",
    ("Số định danh đã là của học sinh khác", "The personal number is another pupil's"),
    (
        "Đối chiếu lại với cơ quan công an; không bao giờ hai học sinh chung một số.",
        "Ask the police again; two pupils never have one number.",
    ),
    kind=Kind.CONFLICT,
)
NUMBER_TWO = _code(
    "number-two",
    ("Một học sinh có hai số trong tệp", "The file gives one pupil two numbers"),
    ("Giữ lại một dòng đúng của học sinh.", "Keep the one row that is right."),
)
NUMBER_CASE_UNKNOWN = _code(
    "number-case-unknown",
    ("Không có trường hợp này", "There is no such case"),
    (
        "Xem các trường hợp chờ quyết định tại /v1/numbers/cases.",
        "See the cases that wait for a decision at /v1/numbers/cases.",
    ),
    kind=Kind.NOT_FOUND,
)
NUMBER_CASE_DECIDED = _code(
    "number-case-decided",
    ("Trường hợp này đã có quyết định khác", "The case has been decided otherwise"),
    (
        "Quyết định đã ghi không sửa được; hoàn tác việc gắn số nếu sai.",
        "Decisions stay; undo the number if it is wrong.",
    ),
    kind=Kind.CONFLICT,
)
NUMBER_CASE_PUPIL = _code(
    "number-case-pupil",
    ("Học sinh được chọn không thuộc trường hợp này", "The pupil chosen is none of this case"),
    (
        "Chọn một trong các học sinh được nêu còn thiếu số định danh.",
        "Choose one of the pupils listed who still lacks a number.",
    ),
    kind=Kind.CONFLICT,
)
NUMBER_RETURN_UNKNOWN = _code(
    "number-return-unknown",
    ("Không có lần nhập số định danh này", "There is no such import of numbers"),
    ("Xem các lần nhập tại /v1/numbers/returns.", "See the imports at /v1/numbers/returns."),
    kind=Kind.NOT_FOUND,
)
NUMBER_RELIED = _code(
    "number-relied",
    ("Số định danh đã gắn với học bạ được tiếp nhận", "A record on file rests on the number"),
    (
        "Không hoàn tác được; dùng chức năng đổi số định danh (registry pupil renumber).",
        "It can't be undone; give the pupil another number instead (registry pupil renumber).",
    ),
    kind=Kind.CONFLICT,
)

# --- declarations, frozen campaigns, reminders -----------------------------------------------------------------------

CONTACT_SHAPE = _code(
    "contact-shape",
    ("Bảng đầu mối liên hệ không đúng cấu trúc", "This is not a table of contacts"),
    (
        "Dùng CSV UTF-8 với đúng các cột school_code, role, phone, email, valid_from và, nếu cần, valid_to.",
        "Use CSV in UTF-8 with the columns school_code, role, phone, email, valid_from, and valid_to where wanted.",
    ),
    kind=Kind.DOCUMENT,
)
CONTACT_ROW = _code(
    "contact-row",
    ("Một dòng trong bảng đầu mối liên hệ không đúng", "A row of the table of contacts is wrong"),
    (
        "Sửa ô được chỉ ra (dòng đếm như trong bảng tính); chưa dòng nào được ghi.",
        "Mend the cell named (rows count as a spreadsheet shows them); no row was taken.",
    ),
    kind=Kind.DOCUMENT,
)
REMINDER_UNREACHABLE = _code(
    "reminder-unreachable",
    ("Không kết nối được máy chủ thư", "The mail server could not be reached"),
    (
        "Kiểm tra REGISTRY_SMTP_HOST, cổng, TLS và tài khoản; thư chưa gửi đi và sẽ được thử lại.",
        "Check REGISTRY_SMTP_HOST, port, TLS and account; the message has not left and is tried again.",
    ),
    kind=Kind.UNAVAILABLE,
)
REMINDER_REFUSED = _code(
    "reminder-refused",
    ("Máy chủ thư không nhận thư", "The mail server did not take the message"),
    (
        "Xem nhật ký của máy chủ thư; địa chỉ gửi (REGISTRY_MAIL_FROM) phải được phép gửi.",
        "See the mail server's log; the sender (REGISTRY_MAIL_FROM) must be allowed to send.",
    ),
)
REMINDER_RECIPIENTS = _code(
    "reminder-recipients",
    ("Máy chủ thư không nhận địa chỉ nào của nhà trường", "The mail server takes none of the school's addresses"),
    (
        "Sửa địa chỉ trong đầu mối liên hệ của trường (registry contact import), hoặc gọi điện.",
        "Correct the school's contact (registry contact import), or call.",
    ),
)
REMINDER_UNCERTAIN = _code(
    "reminder-uncertain",
    ("Không rõ thư đã đi hay chưa", "Whether the message left is not known"),
    (
        "Kết nối đứt khi đang gửi. Không gửi lại trong ngày để trường không nhận hai thư; có thể gọi điện.",
        "The connection broke while it was handed over. It is not repeated that day, so that nobody gets two; call instead.",
    ),
)
COMPLETENESS_BY_CLASS = _code(
    "completeness-by-class",
    ("Chỉ xem theo lớp được của một trường", "Only one school can be broken down by class"),
    (
        "Đặt unit là school:<mã trường>; hỏi từng trường một (by=school liệt kê các trường của đơn vị).",
        "Let unit be school:<code>; ask school by school (by=school lists those of a unit).",
    ),
    kind=Kind.REQUEST,
)
READINESS_ROSTER = _code(
    "readiness-roster",
    ("Trường chưa có danh sách học sinh", "The school has no roster"),
    ("Nạp danh sách học sinh của trường cho năm học này.", "Import the school's roster of this school year."),
)
READINESS_NUMBERS = _code(
    "readiness-numbers",
    ("Còn học sinh chưa có số định danh", "Some pupils have no personal number"),
    (
        "Bổ sung số định danh trước khi ký học bạ; học bạ không có số sẽ phải chờ.",
        "Add the numbers before transcripts are signed; one without a number has to wait.",
    ),
    Effect.HOLD,
)
READINESS_NUMBERS_MANY = _code(
    "readiness-numbers-many",
    ("Nhiều học sinh chưa có số định danh", "Many pupils have no personal number"),
    (
        "Lập danh sách gửi công an xác nhận số định danh cho các học sinh này.",
        "List these pupils for the police to give their numbers.",
    ),
)
READINESS_SIGNER = _code(
    "readiness-signer",
    ("Vai trò ký chưa có chứng thư dùng được", "A role that must sign has no usable certificate"),
    (
        "Đăng ký chứng thư còn hiệu lực cho vai trò được nêu của trường.",
        "Register a valid certificate of the school for the role named.",
    ),
)
READINESS_SIGNER_ENDS = _code(
    "readiness-signer-ends",
    ("Có chứng thư không dùng được đến hết kỳ ký", "A certificate will not last through the signing window"),
    ("Gia hạn hoặc thay chứng thư, rồi đăng ký lại.", "Renew or replace the certificate, then register it."),
    Effect.WARN,
)
READINESS_VENDOR = _code(
    "readiness-vendor",
    ("Chưa có phần mềm nào được gửi học bạ cho trường", "No software may submit for the school"),
    (
        "Đăng ký nhà cung cấp phần mềm của trường với quyền gửi học bạ.",
        "Register the school's software vendor with the right to submit.",
    ),
)
READINESS_SILENT = _code(
    "readiness-silent",
    ("Phần mềm của trường lâu chưa gửi gì", "Nothing has come from the school's software for long"),
    ("Liên hệ trường hoặc nhà cung cấp để kiểm tra kết nối.", "Ask the school or its vendor to test the connection."),
    Effect.WARN,
)
READINESS_REFUSALS = _code(
    "readiness-refusals",
    ("Nhiều lần gửi gần đây bị từ chối", "Many recent attempts were refused"),
    ("Xem các mã lỗi nhiều nhất và cách sửa của từng mã.", "See the most frequent codes and how to mend each."),
    Effect.WARN,
)
DECLARATION_CONTRADICTION = _code(
    "declaration-contradiction",
    ("Khai báo tự mâu thuẫn", "The declaration contradicts itself"),
    ("Sửa phần được con trỏ chỉ ra rồi ký lại.", "Mend what the pointer names, then sign again."),
)
DECLARATION_VERSION = _code(
    "declaration-version",
    ("Trường đã có khai báo bằng hoặc mới hơn", "The school has declared this version or a later one"),
    ("Ghi phiên bản lớn hơn phiên bản nêu trong chi tiết.", "Give a version greater than the one in the detail."),
)
DECLARATION_EXPECTED = _code(
    "declaration-expected",
    ("Số học sinh khai khác danh sách của hệ thống", "The number of pupils differs from the roster"),
    (
        "Nạp lại danh sách hoặc sửa số học sinh rồi ký lại.",
        "Import the roster again or mend the number, then sign again.",
    ),
)
DECLARATION_COUNT = _code(
    "declaration-count",
    ("Khai nhiều học bạ hơn số đã được nhận", "More transcripts are declared than are on record"),
    ("Gửi các học bạ còn thiếu, rồi khai lại.", "Submit what is missing, then declare again."),
)
DECLARATION_COUNT_LESS = _code(
    "declaration-count-less",
    ("Khai ít học bạ hơn số đã được nhận", "Fewer transcripts are declared than are on record"),
    ("Không cần làm gì nếu học bạ đến sau khi lập khai báo.", "Nothing to do if they came after it was written."),
    Effect.WARN,
)
DECLARATION_MISSING = _code(
    "declaration-missing",
    ("Còn học sinh thiếu học bạ chưa được nêu", "Pupils without a transcript are not named"),
    (
        "Gửi học bạ của các mã học sinh trong chi tiết, hoặc nêu từng mã trong ngoaile kèm lý do.",
        "Submit for the pupil codes in the detail, or name each in ngoaile with its reason.",
    ),
)
DECLARATION_EXCEPTION = _code(
    "declaration-exception",
    ("Học sinh được nêu không có trong danh sách", "A pupil named is not on the roster"),
    ("Chỉ nêu học sinh thuộc các khối được khai.", "Name only pupils of the grades that are declared."),
)
DECLARATION_EXCEPTION_HELD = _code(
    "declaration-exception-held",
    ("Học sinh được nêu đã có học bạ", "A pupil named has a transcript on record"),
    ("Không cần làm gì; có thể bỏ khỏi ngoaile ở lần khai sau.", "Nothing to do; leave the pupil out next time."),
    Effect.WARN,
)
FREEZE_DONE = _code(
    "freeze-done",
    ("Đợt này đã được chốt", "The campaign is frozen already"),
    (
        "Một đợt chỉ chốt một lần; xem hoặc xuất bản chốt.",
        "A campaign is frozen once; look at the snapshot or export it.",
    ),
    kind=Kind.CONFLICT,
)
FREEZE_UNDER_WAY = _code(
    "freeze-under-way",
    ("Đợt này đang được chốt", "The campaign is being frozen right now"),
    ("Đợi việc chốt kết thúc rồi xem kết quả.", "Wait until that has ended, then look at the result."),
    kind=Kind.CONFLICT,
)
FREEZE_NONE = _code(
    "freeze-none",
    ("Đợt này chưa được chốt", "The campaign is not frozen"),
    ("Chốt đợt trước khi xem hoặc xuất bản chốt.", "Freeze it before you look at the snapshot or export it."),
    kind=Kind.NOT_FOUND,
)


# --- people who sign in ----------------------------------------------------------------------------------------------

SESSION_NONE = _code(
    "session-none",
    ("Cần đăng nhập để xem trang này", "This page is for people who are signed in"),
    (
        "Hãy đăng nhập; phiên làm việc cũng kết thúc sau một thời gian không dùng.",
        "Sign in; a session also ends when it has not been used for a while.",
    ),
    kind=Kind.UNAUTHENTICATED,
)
SESSION_FORM = _code(
    "session-form",
    ("Biểu mẫu này không thuộc phiên làm việc hiện tại", "This form does not belong to the present session"),
    ("Mở lại trang rồi gửi biểu mẫu một lần nữa.", "Open the page again and send the form once more."),
    kind=Kind.FORBIDDEN,
)
SESSION_STALE = _code(
    "session-stale",
    ("Cần đăng nhập lại trước khi kết thúc phiên khác", "Ending another session needs a fresh sign-in"),
    (
        "Đăng xuất rồi đăng nhập lại, sau đó kết thúc phiên kia trong vòng 15 phút.",
        "Sign out and in again, then end the other session within 15 minutes.",
    ),
    kind=Kind.FORBIDDEN,
)
SESSION_OVER = _code(
    "session-over",
    ("Không có phiên làm việc này", "No such open session"),
    (
        "Phiên đã kết thúc, hoặc không thuộc người của đơn vị. Xem GET /v1/sessions.",
        "It has ended, or is not of the people of your units. See GET /v1/sessions.",
    ),
    kind=Kind.NOT_FOUND,
)
SESSION_LINK = _code(
    "session-link",
    ("Liên kết đăng nhập không dùng được", "This sign-in link can't be used"),
    (
        "Liên kết chỉ dùng một lần, trong 15 phút và trên chính máy chạy dịch vụ, trừ khi được cấu hình khác; hãy xin liên kết mới.",
        "A link works once, for 15 minutes and on the machine of the service unless it is configured otherwise; ask for a new one.",
    ),
    kind=Kind.UNAUTHENTICATED,
)
SESSION_ANSWER = _code(
    "session-answer",
    ("Không nhận được kết quả đăng nhập hợp lệ", "The answer to this sign-in was not taken"),
    (
        "Hãy đăng nhập lại từ đầu, trong cùng trình duyệt; nếu vẫn lỗi, báo người vận hành kèm giờ.",
        "Begin again in the same browser; if it goes on, tell the operator the time.",
    ),
    kind=Kind.UNAUTHENTICATED,
)
SESSION_UNKNOWN = _code(
    "session-unknown",
    ("Tài khoản này chưa được đăng ký", "This account is not registered here"),
    (
        "Đề nghị người vận hành đăng ký tài khoản cùng đơn vị và quyền của bạn.",
        "Ask the operator to register the account with your units and rights.",
    ),
    kind=Kind.FORBIDDEN,
)
SESSION_PROVIDER = _code(
    "session-provider",
    ("Hệ thống đăng nhập không trả lời", "The sign-in provider does not answer"),
    ("Thử lại sau ít phút.", "Try again in a few minutes."),
    kind=Kind.UNAVAILABLE,
)
SESSION_INSECURE = _code(
    "session-insecure",
    ("Chỉ đăng nhập được qua kết nối mã hóa", "Signing in takes an encrypted connection"),
    (
        "Mở trang qua https, hoặc trên chính máy chạy dịch vụ.",
        "Open the page over https, or on the machine of the service.",
    ),
    kind=Kind.FORBIDDEN,
)


# --- signed answers, claims and limits -------------------------------------------------------------------------------

ANSWER_KEY = _code(
    "answer-key",
    (
        "Máy chủ này chưa có khoá đã đăng ký để ký trả lời",
        "This server does not hold the registered key that signs answers",
    ),
    (
        "Hỏi lại không cần chữ ký, hoặc đợi người vận hành sao chép khoá sang máy này.",
        "Ask without a signature, or wait until the operator has copied the key to this machine.",
    ),
    kind=Kind.UNAVAILABLE,
)
ANSWER_MALFORMED = _code(
    "answer-malformed",
    ("Không phải trả lời có chữ ký của hệ thống này", "Not a signed answer of a registry"),
    (
        "Đưa đúng nguyên văn trả lời đã nhận (JWS dạng gọn).",
        "Give the answer exactly as it was received (a compact JWS).",
    ),
)
ANSWER_KEY_UNKNOWN = _code(
    "answer-key-unknown",
    ("Trả lời được ký bằng khoá lạ", "The answer is signed with a key that is not the registry's"),
    (
        "Lấy lại bộ khoá tại /.well-known/jwks.json của hệ thống; nếu vẫn vậy thì trả lời là giả.",
        "Fetch the key set at the registry's /.well-known/jwks.json again; if nothing changes, the answer is forged.",
    ),
)
ANSWER_SIGNATURE = _code(
    "answer-signature",
    ("Chữ ký của trả lời không đúng", "The answer's signature does not hold"),
    (
        "Trả lời đã bị sửa hoặc sao chép sai; hãy hỏi lại hệ thống.",
        "The answer was altered or copied wrongly; ask the registry again.",
    ),
)
ANSWER_KEY_PERIOD = _code(
    "answer-key-period",
    ("Khoá không được dùng vào thời điểm ghi trong trả lời", "The key did not sign at the moment the answer gives"),
    ("Không chấp nhận trả lời này; hãy hỏi lại hệ thống.", "Do not accept this answer; ask the registry again."),
)
ANSWER_ISSUER = _code(
    "answer-issuer",
    ("Trả lời của một hệ thống khác", "The answer is another registry's"),
    ("So địa chỉ hệ thống (iss) với địa chỉ đã thoả thuận.", "Compare iss with the address that was agreed."),
)
ANSWER_AUDIENCE = _code(
    "answer-audience",
    ("Trả lời dành cho một cơ quan khác", "The answer was given to another office"),
    ("Chỉ dùng trả lời cho chính cơ quan đã hỏi (aud).", "Use an answer only where it was asked for (aud)."),
)
ANSWER_NONCE = _code(
    "answer-nonce",
    ("Trả lời không thuộc câu hỏi này", "The answer belongs to another question"),
    (
        "So nonce với số đã gửi kèm câu hỏi; trả lời cũ có thể đã bị dùng lại.",
        "Compare the nonce with the one sent; an old answer may have been replayed.",
    ),
)
ANSWER_EARLY = _code(
    "answer-early",
    ("Trả lời mang thời điểm ở tương lai", "The answer was issued ahead of this clock"),
    ("Kiểm tra đồng hồ của máy này.", "Check this machine's clock."),
)
ANSWER_EXPIRED = _code(
    "answer-expired",
    ("Trả lời đã hết hạn", "The answer has expired"),
    (
        "Hỏi lại hệ thống; học bạ có thể đã được thay hoặc thu hồi.",
        "Ask the registry again; the record may have been superseded or withdrawn.",
    ),
)
VERIFICATION_NONCE = _code(
    "verification-nonce",
    ("Số nonce này đã được dùng", "This nonce was used before"),
    (
        "Mỗi câu hỏi cần một nonce ngẫu nhiên mới; trả lời cũ vẫn dùng được đến khi hết hạn.",
        "Make a new random nonce for each question; the answer given before is good until it expires.",
    ),
    kind=Kind.CONFLICT,
)
VERIFICATION_FIELD = _code(
    "verification-field",
    ("Mục đích này không cho phép xem trường được hỏi", "This purpose does not allow that field"),
    ("Chỉ hỏi các trường nêu trong chi tiết.", "Ask only for the fields in the detail."),
    kind=Kind.FORBIDDEN,
)
VERIFICATION_CLAIM = _code(
    "verification-claim",
    ("Mục đích này không cho phép câu hỏi đó", "This purpose does not allow that claim"),
    (
        "Chỉ dùng loại câu hỏi và ngưỡng nêu trong chi tiết.",
        "Use only the kinds of claims and the thresholds in the detail.",
    ),
    kind=Kind.FORBIDDEN,
)
VERIFICATION_THRESHOLD = _code(
    "verification-threshold",
    (
        "Đã hỏi kết quả này của học sinh với ngưỡng khác",
        "This result of the pupil was asked about with another threshold",
    ),
    (
        "Hỏi lại với đúng ngưỡng cũ; ngưỡng khác chỉ được hỏi khi hết thời hạn trong Retry-After.",
        "Ask with the same threshold again; another one only after the time in Retry-After.",
    ),
    kind=Kind.TOO_MANY,
)
VERIFICATION_ENUMERATION = _code(
    "verification-enumeration",
    ("Quá nhiều câu hỏi không tìm thấy gì", "Too many questions that find nothing"),
    (
        "Kiểm tra lại mã hoặc số trước khi hỏi tiếp; đợi số giây trong Retry-After.",
        "Check codes and numbers before asking on; wait for the seconds in Retry-After.",
    ),
    kind=Kind.TOO_MANY,
)
VERIFICATION_DAY = _code(
    "verification-day",
    ("Cơ quan đã hỏi hết số lượt trong ngày", "The office has used up its questions of this day"),
    (
        "Hỏi tiếp vào ngày mai, hoặc đề nghị người vận hành tăng giới hạn.",
        "Go on tomorrow, or ask the operator for a higher limit.",
    ),
    kind=Kind.TOO_MANY,
)
VERIFICATION_PUPIL = _code(
    "verification-pupil",
    ("Đã hỏi quá nhiều lần về một học sinh", "Too many questions about one pupil"),
    (
        "Dùng trả lời đã nhận; có thể hỏi tiếp sau thời gian trong Retry-After.",
        "Use the answers already given; ask on after the time in Retry-After.",
    ),
    kind=Kind.TOO_MANY,
)
ANSWER_FILE = _code(
    "answer-file",
    ("Tệp không phải là tệp đã được ký", "The file is not the one that was signed"),
    (
        "Dùng đúng tệp kết quả đã tải về cùng chữ ký này, không mở ra lưu lại.",
        "Use the result that belongs to this signature, as it was downloaded and not saved again.",
    ),
    kind=Kind.DOCUMENT,
)
ANSWER_ABOUT = _code(
    "answer-about",
    ("Trả lời này không về số định danh đó", "The answer is not about that personal number"),
    (
        "Dùng số định danh và chuỗi che (blind) đã gửi cùng câu hỏi; trả lời hỏi không kèm blind không cho biết là về ai.",
        "Use the number and the blind that were sent with the question; asked without a blind an answer does not say whom it is about.",
    ),
    kind=Kind.DOCUMENT,
)
AUDIT_EDITED = _code(
    "audit-edited",
    ("Một dòng trong nhật ký tra cứu đã bị sửa", "A row of the record of who looked was changed"),
    (
        "Giữ nguyên cơ sở dữ liệu làm chứng cứ và báo người phụ trách.",
        "Keep the database as evidence and tell who is in charge.",
    ),
)
AUDIT_MISSING = _code(
    "audit-missing",
    ("Một dòng trong nhật ký tra cứu đã bị xoá", "A row of the record of who looked was removed"),
    (
        "Giữ nguyên cơ sở dữ liệu làm chứng cứ và báo người phụ trách.",
        "Keep the database as evidence and tell who is in charge.",
    ),
)
AUDIT_GAP = _code(
    "audit-gap",
    ("Chuỗi nhật ký tra cứu bị khuyết", "The chain of who looked has a gap"),
    (
        "Giữ nguyên cơ sở dữ liệu làm chứng cứ và báo người phụ trách.",
        "Keep the database as evidence and tell who is in charge.",
    ),
)
AUDIT_LOOSE = _code(
    "audit-loose",
    ("Một dòng nhật ký tra cứu không nằm trong chuỗi", "A row of the record of who looked is not in the chain"),
    (
        "Dòng này được thêm vào, hoặc bị gỡ khỏi chuỗi, không qua hệ thống; báo người phụ trách.",
        "It was put in, or taken out of the chain, past the registry; tell who is in charge.",
    ),
)
AUDIT_CUT = _code(
    "audit-cut",
    ("Vị trí đã ghi lại không còn trong chuỗi", "A noted place of the chain is gone or another one"),
    (
        "Chuỗi đã bị cắt hoặc thay; giữ nguyên cơ sở dữ liệu làm chứng cứ và báo người phụ trách.",
        "The chain was cut off or replaced; keep the database as evidence and tell who is in charge.",
    ),
)


# --- verification codes, extracts and share links --------------------------------------------------------------------

PUBLIC_CODE_MALFORMED = _code(
    "public-code-malformed",
    ("Mã xác thực gõ chưa đúng", "This is not a verification code as printed"),
    (
        "Mã có 28 ký tự, chia thành bảy nhóm bốn ký tự. Có ký tự bị sai, thiếu, thừa hoặc đổi chỗ: xin so lại với bản in.",
        "A code has 28 characters in seven groups of four. One is wrong, missing, too many or in another's place: compare it with the paper.",
    ),
    kind=Kind.REQUEST,
)
PUBLIC_CODE_UNKNOWN = _code(
    "public-code-unknown",
    ("Không có bản học bạ nào mang mã này", "No transcript has this verification code"),
    (
        "Mã gõ đúng dạng nhưng sổ đăng ký chưa từng cấp. Giấy mang mã này không phải do sổ đăng ký phát hành.",
        "The code is well formed, but the registry never gave it out. A paper with it was not issued by this registry.",
    ),
    kind=Kind.NOT_FOUND,
)
EXTRACT_NOT_IN_FORCE = _code(
    "extract-not-in-force",
    ("Học bạ không có phiên bản nào đang có hiệu lực", "No version of the transcript is in force"),
    (
        "Chỉ phát hành bản thể hiện của phiên bản đang có hiệu lực; xem các phiên bản của học bạ.",
        "An extract is issued of the version in force only; see the versions of the record.",
    ),
    kind=Kind.CONFLICT,
)
EXTRACT_PURPOSE = _code(
    "extract-purpose",
    ("Mục đích này không cho phép nhận cả bản thể hiện", "This purpose does not allow a whole extract"),
    (
        "Dùng một mục đích nêu trong chi tiết, hoặc chỉ hỏi các trường cần thiết.",
        "Use a purpose from the detail, or ask a question for the fields that are needed.",
    ),
    kind=Kind.FORBIDDEN,
)
EXTRACT_NOT_MADE = _code(
    "extract-not-made",
    ("Không lập được bản thể hiện này", "This extract could not be made"),
    (
        "Số nêu trong chi tiết đã bị bỏ trống và sẽ không dùng lại; báo cho đơn vị vận hành.",
        "The number in the detail stays empty and is not used again; tell the operator.",
    ),
    kind=Kind.FAULT,
)
QR_MALFORMED = _code(
    "qr-malformed",
    ("Nội dung mã QR không đúng dạng", "This is not the text of an extract's QR"),
    ("Đưa nguyên văn nội dung quét được từ mã QR.", "Give the scanned text whole and unchanged."),
)
QR_KEY = _code(
    "qr-key",
    ("Khóa đã ký mã QR không có trong các khóa đã cho", "The key that signed the QR is not among the given keys"),
    (
        "Lấy khóa công khai hiện hành của sổ đăng ký (/.well-known/jwks.json) rồi kiểm tra lại.",
        "Fetch the registry's public keys (/.well-known/jwks.json) and check again.",
    ),
)
QR_ALTERED = _code(
    "qr-altered",
    ("Mã QR hoặc giấy đã bị sửa", "The QR or the paper was altered"),
    (
        "Phần nêu trong chi tiết không đúng với điều sổ đăng ký đã ký; không dùng bản này.",
        "The part named in the detail is not what the registry signed; do not rely on this paper.",
    ),
)
SHARE_ENDED = _code(
    "share-ended",
    ("Liên kết này không dùng được nữa", "This link does not work"),
    (
        "Liên kết gõ sai, đã hết hạn, đã được thu hồi hoặc đã mở đủ số lần. Xin nhà trường cấp liên kết mới.",
        "It is mistyped, has ended, was revoked or was opened as often as it may be. Ask the school for a new one.",
    ),
    kind=Kind.NOT_FOUND,
)
SHARE_UNKNOWN = _code(
    "share-unknown",
    ("Không có liên kết chia sẻ này", "No such share link"),
    ("Xem danh sách liên kết của trường: GET /v1/shares.", "See the school's links: GET /v1/shares."),
    kind=Kind.NOT_FOUND,
)
