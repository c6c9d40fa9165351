"""What a listing is pasted in: prefixes of lines, markup, wrapped lines, exports of Ansible, compression."""
